// The page talks to /v1/ecgs alone and writes text as text: nothing a server says becomes markup.

const $ = (id) => document.getElementById(id);
let picture = null;
let current = null;

function make(tag, text, className) {
  const element = document.createElement(tag);
  element.textContent = text;
  if (className) element.className = className;
  return element;
}

function choose(file) {
  if (!file) return;
  picture = file;
  $("chosen").textContent = `${file.name}, ${(file.size / 1e6).toFixed(file.size < 1e5 ? 3 : 1)} MB`;
  $("read").disabled = false;
  $("read").focus();
}

for (const id of ["file", "camera"]) $(id).addEventListener("change", (event) => choose(event.target.files[0]));

const drop = $("drop");
for (const name of ["dragenter", "dragover"]) {
  document.addEventListener(name, (event) => { event.preventDefault(); drop.classList.add("over"); });
}
document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) drop.classList.remove("over"); });
document.addEventListener("drop", (event) => {
  event.preventDefault();
  drop.classList.remove("over");
  choose(event.dataTransfer.files[0]);
});
document.addEventListener("paste", (event) => choose(event.clipboardData.files[0]));

$("ask").addEventListener("submit", async (event) => {
  event.preventDefault();
  if (!picture) return;
  const form = new FormData();
  form.append("file", picture, "page");  // the file's own name may be a patient's
  for (const [name, value] of new FormData($("ask"))) if (value !== "") form.append(name, value);
  show("busy");
  $("read").disabled = true;
  const { ok, body } = await send(form);
  $("read").disabled = false;
  if (ok) showResult(body); else showProblem(body);
});

async function send(form) {
  try {
    const answer = await fetch("/v1/ecgs", { method: "POST", body: form });
    return { ok: answer.ok, body: await answer.json() };
  } catch {
    const body = { detail: "The server did not answer.", code: "unreachable", hint: "Is `paperbeat serve` still running?" };
    return { ok: false, body };
  }
}

function show(one) {
  for (const id of ["busy", "error", "result"]) $(id).hidden = id !== one;
}

function showProblem(problem) {
  $("error-detail").textContent = problem.detail;
  $("error-code").textContent = problem.code;
  const fields = (problem.fields ?? []).map((field) => `${field.field}: ${field.message}`);
  const incident = problem.incident ? `Incident ${problem.incident}.` : "";
  $("error-hint").textContent = [...fields, problem.hint, incident].filter(Boolean).join(" ");
  show("error");
}

const VERDICTS = { met: "met", not_met: "not met", undetermined: "cannot be told" };

function showResult(report) {
  current = report;
  $("findings").replaceChildren(...report.findings.filter(worthShowing).map(findingItem));
  $("overlay").src = $("overlay-link").href = report.links["overlay.png"];
  $("measurements").replaceChildren(...rows(measured(report.measurements)));
  $("st").replaceChildren(...rows((report.measurements.st ?? []).map(({ lead, j_mv }) => [lead, j_mv == null ? "–" : number(j_mv, 2)])));
  $("basis").replaceChildren(...rows(basis(report)));
  $("notes").replaceChildren(...report.notes.map(noteItem));
  $("notes-section").hidden = report.notes.length === 0;
  $("links").replaceChildren(...downloadLinks(report));
  $("disclaimer").textContent = report.disclaimer;
  show("result");
  $("result").focus();
}

// The report lists every rule; the page what is met, what of an emergency cannot be told, and the ST-elevation rule always.
function worthShowing({ code, verdict, urgency }) {
  return verdict === "met" || code === "stemi.udmi4" || (verdict === "undetermined" && urgency === "emergency");
}

function findingItem(finding) {
  const item = make("li", "", finding.verdict);
  item.append(make("span", VERDICTS[finding.verdict] ?? finding.verdict, "verdict"), make("span", finding.statement));
  const evidence = (finding.evidence ?? []).filter((one) => one.lead && one.value_mv !== null);
  if (evidence.length) {
    const said = evidence.map((one) => `${one.lead} ${number(one.value_mv, 2)} mV` +
      (one.threshold_mv == null ? "" : ` (threshold ${number(one.threshold_mv, 2)})`));
    item.append(make("small", said.join(", ")));
  }
  return item;
}

function rows(pairs) {
  return pairs.map(([name, value]) => {
    const row = document.createElement("div");
    row.append(make("dt", name), make("dd", value));
    return row;
  });
}

function measured(measurements) {
  const corrected = Object.entries(measurements).filter(([name]) => /^qtc_\w+_ms$/.test(name))
    .map(([name, value]) => [`QTc ${name.charAt(4).toUpperCase()}${name.slice(5, -3)}`, value, " ms"]);
  return [
    ["Heart rate", measurements.heart_rate_bpm, " bpm"], ["PR", measurements.pr_ms, " ms"],
    ["QRS", measurements.qrs_ms, " ms"], ["QT", measurements.qt_ms, " ms"], ...corrected,
    ["Axis", measurements.axis_deg, "°"],
  ].map(([name, value, unit]) => [name, value == null ? "not measured" : `${number(value, 0)}${unit}`]);
}

function basis({ calibration, layout, patient, status, classifier }) {
  const pairs = [];
  if (calibration) {
    const { mm_per_s, mm_per_mv, source } = calibration;
    pairs.push(["Paper", `${mm_per_s} mm/s (${source.mm_per_s}), ${mm_per_mv} mm/mV (${source.mm_per_mv})`]);
  }
  if (layout) pairs.push(["Layout", `${layout.name} (${layout.source})`]);
  const who = [patient?.age_y == null ? "age unknown" : `${patient.age_y} years`, patient?.sex ?? "sex unknown"];
  pairs.push(["Patient", who.join(", ")], ["Page", status === "ok" ? "read in full" : "read in part, see notes"]);
  if (classifier) pairs.push(["Classifier", called(classifier)]);
  return pairs;
}

function called({ labels, unsure }) {
  const said = labels.filter((label) => label.positive).map(({ name, probability }) => `${name} ${number(100 * probability, 0)} %`);
  return `${unsure ? `unsure, ${unsure}; ` : ""}${said.join(", ") || "nothing is called"}`;
}

function noteItem(note) {
  const item = make("li", note.message, note.severity);
  if (note.hint) item.append(" ", make("small", note.hint));
  return item;
}

function downloadLinks(report) {
  const ways = [
    ["Report to print", report.links["report.html"]], ["Signal as CSV", report.links.signal],
    ["WFDB", `${report.links.signal}?format=wfdb`], ["DICOM", `${report.links.signal}?format=dcm`],
    ["EDF", `${report.links.signal}?format=edf`], ["Overlay", report.links["overlay.png"]],
    ["report.json", report.links.self],
  ];
  const links = ways.map(([text, where]) => {
    const link = make("a", text);
    link.href = where;
    if (!where.includes("signal")) link.target = "_blank";
    return link;
  });
  const forget = make("button", "Delete this result");
  forget.type = "button";
  forget.addEventListener("click", async () => {
    await fetch(current.links.self, { method: "DELETE" });
    show(null);
    $("file").focus();
  });
  return [...links, forget];
}

// A hyphen is no minus sign, and -0.00 is 0.00.
function number(value, digits) {
  const text = value.toFixed(digits);
  return Number(text) === 0 ? text.replace("-", "") : text.replace("-", "−");
}
