export type Template = "empty" | "sql" | "dimension" | "fact";
export const TEMPLATES: readonly Template[] = ["empty", "sql", "dimension", "fact"];

/** What a new file begins with. Names in it are to be replaced; the check says which do not exist. */
export function templateText(template: Template, project: string, path: string): string {
  const name = (path.split("/").pop() ?? "").replace(/\.\w+$/, "").replace(/\W/g, "_") || "new_task";
  const defaults = `defaults: {project: ${project}}\n\n`;
  switch (template) {
    case "empty":
      return "";
    case "sql":
      return `${defaults}scripts:
  - name: ${name}
    type: SQL
    schedule: {cycle: DAY, at: "00:30"}
    code: |
      INSERT OVERWRITE TABLE ${project}.${name} PARTITION (ds = '\${bizdate}')
      SELECT 1
`;
    case "dimension":
      return `${defaults}dimension_tables:
  - name: ${name}
    source: {table: ${project}.source_table, alias: s, where: "s.ds = '\${bizdate}'"}
    key: {name: id, type: BIGINT, expression: s.id}
    attributes:
      - {name: name, type: STRING, expression: s.name}
`;
    case "fact":
      return `${defaults}fact_tables:
  - name: ${name}
    source: {table: ${project}.source_table, alias: s, where: "s.ds = '\${bizdate}'"}
    keys:
      - {name: id, type: BIGINT, expression: s.id}
    measures:
      - {name: amount, type: "DECIMAL(18,2)", expression: s.amount}
`;
  }
}
