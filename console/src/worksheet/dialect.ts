import { SQLDialect } from "@codemirror/lang-sql";

/** Words of MaxCompute SQL. */
export const MAX_COMPUTE = SQLDialect.define({
  keywords:
    "add after all alter analyze and anti array as asc between by cache case cast change cluster clustered column columns comment create cross cube " +
    "current data default delete desc describe distinct distribute drop dynamic else end except exists explain external extended false first following " +
    "for from full function group grouping having hash if in inner insert intersect interval into is join last lateral left lifecycle like limit " +
    "list load location map mapjoin matched merge minus natural not null nulls offset on or order outer over overwrite partition partitioned " +
    "partitions preceding primary purge qualify range recursive rename replace resource right rlike rollup rows select semi set sets show skewjoin sort " +
    "sorted statistics stored struct table tables tablesample tblproperties then to touch transactional true truncate unbounded union unique update use using " +
    "values view when where window with",
  types:
    "bigint binary boolean char date datetime decimal double float int interval json smallint string timestamp timestamp_ntz tinyint varchar",
  builtin: "",
  doubleQuotedStrings: true,
  backslashEscapes: true,
  hashComments: false,
  identifierQuotes: "`",
  operatorChars: "*+-%<>!=&|^/~",
});
