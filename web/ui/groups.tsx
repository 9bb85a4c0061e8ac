export const GROUP = 4;

/** A long code in groups that two people can compare. The gaps are drawn, so that what is copied has none. */
export function Groups({ text }: { text: string }) {
  const groups = Array.from({ length: Math.ceil(text.length / GROUP) }, (_, at) =>
    text.slice(at * GROUP, (at + 1) * GROUP),
  );
  return (
    <span class="groups">
      {groups.map((group, at) => (
        <span key={at}>{group}</span>
      ))}
    </span>
  );
}
