// What the pages do better with it; they work without it.
"use strict";

// Now: looks for what is new, and puts it in place of what is there without taking away what a reader holds.
(() => {
  const seconds = Number(document.body.dataset.refresh);
  if (!seconds) return;

  // Children's numbers from main down to an element: the same element of the next page has them too.
  const pathOf = (element) => {
    const path = [];
    for (const main = document.querySelector("main"); element && element !== main; element = element.parentElement) {
      if (!element.parentElement) return null;
      path.unshift([...element.parentElement.children].indexOf(element));
    }
    return element ? path : null;
  };
  const follow = (path) => path.reduce((element, number) => element?.children[number], document.querySelector("main"));

  const isHeld = () =>
    document.hidden || document.querySelector("details[data-menu][open]") || !document.getSelection().isCollapsed;

  const take = (page) => {
    const main = document.querySelector("main");
    const open = [...main.querySelectorAll("details[id][open]")].map((details) => details.id);
    const focused = main.contains(document.activeElement) ? document.activeElement : null;
    const owner = focused?.closest("details[id]")?.id;
    const inner = owner ? [...document.getElementById(owner).querySelectorAll("summary, a, [tabindex]")] : [];
    const place = inner.indexOf(focused);
    const path = focused && pathOf(focused);
    main.replaceChildren(...page.querySelector("main").childNodes);
    for (const id of open) document.getElementById(id)?.setAttribute("open", "");
    // A row of the journal moves down as others come; it is found again by its id.
    const kept = owner && document.getElementById(owner);
    const again = kept ? [...kept.querySelectorAll("summary, a, [tabindex]")][place] : path && follow(path);
    if (focused) again?.focus({ preventScroll: true });
    for (const selector of ["footer", ".bar nav"]) {
      const here = document.querySelector(selector);
      const there = page.querySelector(selector);
      // Whoever has the focus in it keeps it.
      if (here && there && !here.contains(document.activeElement)) here.replaceWith(there);
    }
    const state = document.querySelector(".bar .state");
    const next = page.querySelector(".bar .state");
    // A screen reader says what changes here, so only what has changed is touched.
    if (state && next && state.textContent !== next.textContent) {
      state.className = next.className;
      state.replaceChildren(...next.childNodes);
    }
    document.title = page.title;
    const icon = document.querySelector("link[rel=icon]");
    const href = page.querySelector("link[rel=icon]").getAttribute("href");
    if (icon.getAttribute("href") !== href) icon.setAttribute("href", href);
    document.dispatchEvent(new Event("rollcall:new"));
  };

  let timer;
  const look = async () => {
    clearTimeout(timer);
    try {
      if (isHeld()) return;
      const answer = await fetch(location.href, { cache: "no-store", redirect: "error" });
      if (!answer.ok || isHeld()) return;
      take(new DOMParser().parseFromString(await answer.text(), "text/html"));
    } catch {
      // The server is away, or the session has ended: the footer says how old the page is.
    } finally {
      clearTimeout(timer);
      timer = setTimeout(look, seconds * 1000);
    }
  };
  timer = setTimeout(look, seconds * 1000);
  document.addEventListener("visibilitychange", () => document.hidden || look());
})();

// A confirmation takes the number however it is grouped, and says what is wrong with another one.
for (const form of document.querySelectorAll("form[data-confirm]")) {
  const input = form.elements.count;
  input.addEventListener("input", () => {
    const number = input.value.replace(/[\s\u202f\u2009.,']/g, "");
    if (number !== input.value && /^\d*$/.test(number)) input.value = number;
    const isWrong = number !== "" && number !== input.pattern;
    input.setCustomValidity(isWrong ? `Type ${input.pattern}: exactly so many are approved.` : "");
  });
}

// One click acts once. A form's buttons may stand in the rows of a table; the one that is hidden never acts.
const buttonsOf = (form) => [...form.elements].filter((button) => button.matches("button:not([hidden])"));
for (const form of document.querySelectorAll("form[method=post]")) {
  form.addEventListener("submit", () => {
    setTimeout(() => {
      for (const button of buttonsOf(form)) button.setAttribute("disabled", "");
    });
  });
}
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[method=post]")) {
    for (const button of buttonsOf(form)) button.removeAttribute("disabled");
  }
});

// Commands can be copied.
const offerCopies = () => {
  if (!navigator.clipboard) return;
  for (const code of document.querySelectorAll("code.command:not([data-copied])")) {
    code.dataset.copied = "";
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = "Copy";
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(code.textContent);
        button.textContent = "Copied";
      } catch {
        getSelection().selectAllChildren(code);
      }
    });
    code.after(button);
  }
};
offerCopies();
document.addEventListener("rollcall:new", offerCopies);

// The menu closes as menus do.
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details[data-menu][open]")) {
    if (!menu.contains(event.target)) menu.removeAttribute("open");
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details[data-menu][open]")) {
    menu.removeAttribute("open");
    menu.querySelector("summary").focus();
  }
});

// A link to a row opens it.
const target = location.hash && document.getElementById(location.hash.slice(1));
if (target instanceof HTMLDetailsElement) target.open = true;
