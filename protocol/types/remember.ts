/**
 * The same function, with the answers to the last `limit` arguments kept: for what is pure, costs time, and is asked
 * again and again. Whoever asks with ever new arguments only pushes out others' answers.
 */
export function remember<K, V>(limit: number, answer: (key: K) => V): (key: K) => V {
  const known = new Map<K, V>();
  return (key) => {
    const found = known.get(key);
    if (found !== undefined || known.has(key)) return found as V;
    const value = answer(key);
    const [oldest] = known.keys();
    if (oldest !== undefined && known.size >= limit) known.delete(oldest);
    known.set(key, value);
    return value;
  };
}
