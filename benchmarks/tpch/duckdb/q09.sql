select   nation, o_year, sum(amount) as sum_profit
from     (select n.n_name as nation, year(o.o_orderdate) as o_year,
                 l.l_extendedprice * (1 - l.l_discount) - ps.ps_supplycost * l.l_quantity as amount
          from   part p
          join   lineitem l on p.p_partkey = l.l_partkey
          join   supplier s on s.s_suppkey = l.l_suppkey
          join   partsupp ps on ps.ps_suppkey = l.l_suppkey and ps.ps_partkey = l.l_partkey
          join   orders o on o.o_orderkey = l.l_orderkey
          join   nation n on s.s_nationkey = n.n_nationkey
          where  p.p_name like '%green%') profit
group by nation, o_year
order by nation, o_year desc;
