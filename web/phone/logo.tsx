/** The picture of the app, as in icons/icon.svg; its name stands beside it. */
export function Logo() {
  return <img class="logo" src="./icons/icon.svg" alt="" width="88" height="88" />;
}
