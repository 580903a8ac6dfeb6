/** What style sheets that are made while the page runs must carry: `EditorView.cspNonce.of(styleNonce())`. Of this answer of the server. */
export function styleNonce(): string {
  return document.querySelector<HTMLMetaElement>('meta[name="style-nonce"]')?.content ?? "";
}
