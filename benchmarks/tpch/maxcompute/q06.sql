select sum(l_extendedprice * l_discount) as revenue
from   lineitem
where  l_shipdate >= date '1994-01-01' and l_shipdate < add_months(date '1994-01-01', 12)
  and  l_discount between 0.05BD and 0.07BD and l_quantity < 24;
