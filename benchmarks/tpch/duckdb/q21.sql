select   s.s_name, count(*) as numwait
from     supplier s
join     lineitem l1 on s.s_suppkey = l1.l_suppkey
join     orders o on o.o_orderkey = l1.l_orderkey
join     nation n on s.s_nationkey = n.n_nationkey
where    o.o_orderstatus = 'F' and l1.l_receiptdate > l1.l_commitdate and n.n_name = 'SAUDI ARABIA'
  and    exists (select 1 from lineitem l2 where l2.l_orderkey = l1.l_orderkey and l2.l_suppkey <> l1.l_suppkey)
  and    not exists (select 1 from lineitem l3 where l3.l_orderkey = l1.l_orderkey and l3.l_suppkey <> l1.l_suppkey
                                                 and l3.l_receiptdate > l3.l_commitdate)
group by s.s_name
order by numwait desc, s_name
limit    100;
