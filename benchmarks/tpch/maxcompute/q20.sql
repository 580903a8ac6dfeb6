select   s.s_name, s.s_address
from     supplier s
join     nation n on s.s_nationkey = n.n_nationkey
where    n.n_name = 'CANADA'
  and    s.s_suppkey in (
           select ps.ps_suppkey
           from   partsupp ps
           where  ps.ps_partkey in (select p_partkey from part where p_name like 'forest%')
             and  ps.ps_availqty > (select 0.5BD * sum(l.l_quantity)
                                    from   lineitem l
                                    where  l.l_partkey = ps.ps_partkey and l.l_suppkey = ps.ps_suppkey
                                      and  l.l_shipdate >= date '1994-01-01'
                                      and  l.l_shipdate < add_months(date '1994-01-01', 12)))
order by s_name;
