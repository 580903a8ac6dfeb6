/** A name as head and tail, where the head may be cut: the last seven characters of long names stay visible. */
export function split(name: string): [string, string] {
  const characters = [...name];
  if (characters.length <= 14) return [name, ""];
  return [characters.slice(0, -7).join(""), characters.slice(-7).join("")];
}

/** `42` characters and an ellipsis when there are more. */
export function shortened(text: string, most: number): string {
  const characters = [...text];
  return characters.length <= most
    ? text
    : `${characters
        .slice(0, most - 1)
        .join("")
        .trimEnd()}…`;
}
