// Signing in: with the token behind the address's #, or with one that is typed. Neither stays in the address.
import { h } from "./dom";
import { t } from "./words";

/** The token of a signed-in address such as /sign-in#token=..., and the page to go on to. */
export function tokenOf(hash: string): string {
  return new URLSearchParams(hash.replace(/^#/, "")).get("token") ?? "";
}

/** Hand a token over for a cookie; whether it was taken. */
export async function signIn(token: string): Promise<boolean> {
  const answer = await fetch("/sign-in", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ token }),
  });
  return answer.ok;
}

export async function signOut(): Promise<void> {
  await fetch("/sign-out", { method: "POST" });
}

/** The form; `done` is called when a token was taken. */
export function form(refused: boolean, done: () => void): HTMLElement {
  const said = h("p", { class: "status", role: "alert" });
  if (refused) said.textContent = t("wrongToken");
  const input = h("input", { name: "token", type: "password", autocomplete: "current-password", required: true, autofocus: true });
  return h(
    "form",
    {
      class: "sign-in",
      onsubmit: (event) => {
        event.preventDefault();
        signIn(input.value.trim()).then(
          (taken) => {
            if (taken) done();
            else said.textContent = t("wrongToken");
          },
          () => {
            said.textContent = t("unreachable");
          },
        );
      },
    },
    h("h1", {}, t("brand")),
    h("p", {}, t("signInLead")),
    h("label", { class: "field wide" }, h("span", {}, t("token")), input),
    h("p", { class: "note" }, t("tokenHint")),
    said,
    h("button", { type: "submit" }, t("signIn")),
  );
}
