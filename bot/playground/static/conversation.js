// What Discord does and SimCord's page does not.

const emptyChoice = '.command-option-input[role="combobox"]';

// Discord offers an option's choices at once; the page asks for them when something is typed.
document.addEventListener("focusin", ({ target }) => {
  if (!(target instanceof HTMLInputElement) || !target.matches(emptyChoice) || target.value) return;
  if (document.querySelector(".command-popup:not([hidden]) .command-suggestion")) return;
  target.dispatchEvent(new Event("input", { bubbles: true }));
});

// A tab that another conversation has put to sleep wakes up when somebody comes back to it.
document.addEventListener("visibilitychange", () => {
  const status = document.getElementById("action-status")?.textContent ?? "";
  if (document.visibilityState === "visible" && status.includes("session is unavailable")) {
    location.reload();
  }
});

// The address says which conversation a tab is for; without it there is nothing to show.
if (!location.hash) location.replace("/");
