/** Gives the person a file. The address of its content is given back at once: nothing else can ask for it. */
export function download(name: string, type: string, text: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  // A browser begins to read it within this time.
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
