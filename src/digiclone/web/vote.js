// A ballot at a time. Who votes is a word of chance in this browser, so that a closed page goes on where it was.

const KEY = "digiclone-voter";
const part = (id) => document.getElementById(id);

function voter() {
  let name = localStorage.getItem(KEY);
  if (!name) {
    const bytes = crypto.getRandomValues(new Uint8Array(12));
    name = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    localStorage.setItem(KEY, name);
  }
  return name;
}

async function ask(options) {
  const url = options ? "/api/ballot" : `/api/ballot?voter=${voter()}`;
  const answer = await fetch(url, options);
  const found = await answer.json().catch(() => ({ error: `the server answered ${answer.status}` }));
  if (!answer.ok) throw new Error(found.error ?? `the server answered ${answer.status}`);
  return found;
}

function say(text, bad = false) {
  part("note").textContent = text;
  part("note").classList.toggle("bad", bad);
}

function show(ballot) {
  document.title = ballot.name;
  part("name").textContent = ballot.name;
  part("far").max = Math.max(1, ballot.of);
  part("far").value = ballot.done;
  part("ballot").hidden = ballot.question === undefined;
  if (ballot.question === undefined) {
    say("That was all. Thank you!");
    return;
  }
  say(`${ballot.done + 1} of ${ballot.of}`);
  part("asked").textContent = ballot.asked;
  part("question").textContent = ballot.question;
  part("none").hidden = !ballot.none;
  part("none").onclick = () => choose(ballot, null);
  part("answers").replaceChildren(
    ...ballot.answers.map((text, number) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = text;
      button.onclick = () => choose(ballot, number);
      return button;
    }),
  );
  window.scrollTo(0, 0);
}

async function choose(ballot, choice) {
  const buttons = document.querySelectorAll("button");
  for (const button of buttons) button.disabled = true;
  try {
    const body = JSON.stringify({ voter: voter(), question: ballot.question, metric: ballot.metric, choice });
    show(await ask({ method: "POST", headers: { "Content-Type": "application/json" }, body }));
  } catch (error) {
    say(`Not counted: ${error.message}. Try again.`, true);
  }
  for (const button of document.querySelectorAll("button")) button.disabled = false;
}

ask()
  .then(show)
  .catch((error) => say(`No ballot: ${error.message}. Reload the page to try again.`, true));
