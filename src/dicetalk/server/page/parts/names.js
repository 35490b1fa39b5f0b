// How files were called that the server knows by their content only.

const KEPT = "dicetalk.names";
const MOST = 200;

const all = () => JSON.parse(localStorage.getItem(KEPT) ?? "{}");

export function remember(id, name) {
  const { [id]: _, ...others } = all();
  localStorage.setItem(KEPT, JSON.stringify(Object.fromEntries([...Object.entries(others).slice(1 - MOST), [id, name]])));
}

export const nameOf = (id, usual) => all()[id] ?? usual;
