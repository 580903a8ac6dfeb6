select   s.s_acctbal, s.s_name, n.n_name, p.p_partkey, p.p_mfgr, s.s_address, s.s_phone, s.s_comment
from     part p
join     partsupp ps on p.p_partkey = ps.ps_partkey
join     supplier s on s.s_suppkey = ps.ps_suppkey
join     nation n on s.s_nationkey = n.n_nationkey
join     region r on n.n_regionkey = r.r_regionkey
join     (select   ps2.ps_partkey, min(ps2.ps_supplycost) as lowest
          from     partsupp ps2
          join     supplier s2 on s2.s_suppkey = ps2.ps_suppkey
          join     nation n2 on s2.s_nationkey = n2.n_nationkey
          join     region r2 on n2.n_regionkey = r2.r_regionkey
          where    r2.r_name = 'EUROPE'
          group by ps2.ps_partkey) m on m.ps_partkey = p.p_partkey and m.lowest = ps.ps_supplycost
where    p.p_size = 15 and p.p_type like '%BRASS' and r.r_name = 'EUROPE'
order by s.s_acctbal desc, n.n_name, s.s_name, p.p_partkey
limit    100;
