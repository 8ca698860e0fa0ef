//! What a record tells: which findings belong together, what waits for what, and the verdict in words.

use gh_connect_engine::{
    Category, CheckRecord, FindingRecord, Owner, Record, Severity, State, StepRecord, Stop, Verdict,
};

/// A record, sorted for whoever has to act on it.
pub(crate) struct Story<'a> {
    /// What stands in the way, the weightiest first.
    pub(crate) causes: Vec<Group<'a>>,
    /// Checks that could not tell, and made no finding that says why.
    pub(crate) doubts: Vec<&'a CheckRecord>,
    /// Checks that were left out of the run although others wait for them: what to do, and who waits.
    pub(crate) left_out: Vec<LeftOut<'a>>,
    /// Checks that wait for others.
    pub(crate) waiting: Vec<&'a CheckRecord>,
    /// What works, but is fragile.
    pub(crate) warnings: Vec<Group<'a>>,
    /// What somebody accepted.
    pub(crate) waived: Vec<Group<'a>>,
    /// What is worth knowing.
    pub(crate) notes: Vec<Group<'a>>,
}

/// A check that was left out of the run although others wait for it.
pub(crate) struct LeftOut<'a> {
    /// Its id.
    pub(crate) id: &'a str,
    /// The ids of those that wait.
    pub(crate) waiting: Vec<&'a str>,
    /// What to do.
    pub(crate) fix: Act<'a>,
}

/// All findings with one id.
#[derive(Clone)]
pub(crate) struct Group<'a> {
    /// At least one.
    pub(crate) findings: Vec<&'a FindingRecord>,
}

/// A text that holds for several subjects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Folded<'a, T> {
    /// As it was said of the first.
    pub(crate) said: T,
    /// The first subject.
    pub(crate) of: &'a str,
    /// The subjects of which it was said word for word.
    pub(crate) same: Vec<&'a str>,
    /// The subjects of which the same was said with their own names.
    pub(crate) alike: Vec<&'a str>,
}

impl<'a, T> Folded<'a, T> {
    /// Everything that it was said of.
    pub(crate) fn subjects(&self) -> Vec<&'a str> {
        std::iter::once(self.of).chain(self.same.iter().copied()).chain(self.alike.iter().copied()).collect()
    }
}

/// A step of a fix, as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Act<'a> {
    /// Who acts.
    pub(crate) owner: Owner,
    /// What they do.
    pub(crate) text: &'a str,
    /// The command line, where there is one.
    pub(crate) command: Option<&'a str>,
    /// Whether it follows the one before it, and is no choice of its own.
    pub(crate) then: bool,
}

impl<'a> Act<'a> {
    fn of(step: &'a StepRecord) -> Self {
        Self { owner: step.owner, text: &step.text, command: step.command.as_deref(), then: step.then }
    }
}

impl<'a> Story<'a> {
    pub(crate) fn of(record: &'a Record) -> Self {
        let findings = || record.checks.iter().flat_map(|check| &check.findings);
        let mut causes = grouped(findings().filter(|finding| finding.blocks()));
        let rank = |group: &Group<'_>| record.root_causes.iter().position(|id| id == group.id());
        causes.sort_by_key(|group| rank(group).unwrap_or(usize::MAX));
        let severity = |severity| {
            grouped(
                findings().filter(move |finding| finding.severity == severity && finding.waived.is_none()),
            )
        };
        let unexplained = |check: &&CheckRecord| {
            check.state == State::Unknown && !check.findings.iter().any(FindingRecord::blocks)
        };
        Self {
            causes,
            doubts: record.checks.iter().filter(unexplained).collect(),
            left_out: left_out(record),
            waiting: record.checks.iter().filter(|check| check.state == State::Blocked).collect(),
            warnings: severity(Severity::Warning),
            waived: grouped(findings().filter(|finding| finding.waived.is_some())),
            notes: severity(Severity::Note),
        }
    }
}

impl<'a> Group<'a> {
    /// The id that they share.
    pub(crate) fn id(&self) -> &'a str {
        &self.first().id
    }

    /// The first of them.
    pub(crate) fn first(&self) -> &'a FindingRecord {
        self.findings[0]
    }

    /// What it is about, each once.
    pub(crate) fn subjects(&self) -> Vec<&'a str> {
        let mut subjects: Vec<&str> = Vec::new();
        for finding in &self.findings {
            if !subjects.contains(&finding.subject.as_str()) {
                subjects.push(&finding.subject);
            }
        }
        subjects
    }

    /// What was seen; the same said of several subjects counts once.
    pub(crate) fn messages(&self) -> Vec<Folded<'a, &'a str>> {
        let said = self.findings.iter().map(|finding| (finding.subject.as_str(), finding.message.as_str()));
        fold(said, |text, subject| [(*text).to_owned(), template(text, subject)])
    }

    /// What to do, the first choices of all subjects before the second ones. A choice is a step and those that follow it.
    pub(crate) fn steps(&self) -> Vec<Folded<'a, Act<'a>>> {
        let of_each = self.findings.iter().map(|finding| finding.fix.chunk_by(|_, step| step.then).collect());
        let of_each: Vec<Vec<&[StepRecord]>> = of_each.collect();
        let most = of_each.iter().map(Vec::len).max().unwrap_or(0);
        let choices = (0..most).flat_map(|nth| {
            self.findings.iter().zip(&of_each).flat_map(move |(finding, choices)| {
                let choice = choices.get(nth).copied().unwrap_or_default();
                choice.iter().map(|step| (finding.subject.as_str(), Act::of(step)))
            })
        });
        fold(choices, |act, subject| {
            let generic = act.command.map(|command| template(command, subject));
            [
                (act.owner, act.text.to_owned(), act.command.map(str::to_owned)),
                (act.owner, template(act.text, subject), generic),
            ]
        })
    }

    /// Whom else a text means that names its first subject only.
    pub(crate) fn likewise<T>(&self, folded: &Folded<'a, T>) -> Option<String> {
        match folded.alike.len() {
            0 => None,
            more if more > 1 && more + 1 == self.subjects().len() => {
                Some("likewise for the others".to_owned())
            }
            _ => Some(format!("likewise for {}", some(&folded.alike, MOST_NAMES, false))),
        }
    }

    /// What a text is about, unless it says so itself.
    pub(crate) fn unnamed<T>(&self, folded: &Folded<'a, T>, text: &str) -> String {
        let names_it = template(text, folded.of) != text;
        if names_it { String::new() } else { some(&folded.subjects(), MOST_NAMES, false) }
    }

    /// Why it matters; empty when the record does not say.
    pub(crate) fn why(&self) -> &'a str {
        &self.first().why
    }
}

/// The verdict in one sentence, without a full stop. It begins with a small letter or a figure.
pub(crate) fn verdict(record: &Record, story: &Story<'_>) -> String {
    let mut parts: Vec<String> = Vec::new();
    if let Some(by) = &record.run.cut_short_by {
        parts.push(format!("cut short by {}", cut_short_by(by)));
    }
    let judged = |check: &CheckRecord| {
        !matches!(check.state, State::Skipped | State::NotApplicable | State::Blocked) && !check.deselected
    };
    let deselected = record.checks.iter().filter(|check| check.deselected).count();
    match record.summary.verdict {
        // What nobody looked at may stand in the way all the same.
        Verdict::Passed if deselected > 0 => {
            let (judged, all) =
                (record.checks.iter().filter(|check| judged(check)).count(), record.checks.len());
            parts.push(format!("of what was checked, nothing stands in the way ({judged} of {all} checks)"));
        }
        Verdict::Passed if only_network(record) => {
            parts.push("nothing on the network stands in the way".to_owned());
        }
        Verdict::Passed => parts.push("nothing stands in the way".to_owned()),
        Verdict::Undetermined if !record.checks.iter().any(judged) => {
            parts.push("nothing was judged".to_owned());
        }
        Verdict::Failed | Verdict::Undetermined => {}
    }
    parts.extend(in_the_way(record, story));
    parts.extend(aside(record, story));
    if !record.run.what_if.is_empty() {
        parts.push("in a what-if run, which proves nothing about the server".to_owned());
    }
    parts.join(", ")
}

/// What has to be done or found out, and what waits for it.
fn in_the_way(record: &Record, story: &Story<'_>) -> Vec<String> {
    let unknown = story.causes.iter().filter(|group| group.first().undetermined).count();
    let (causes, doubts, waiting) = (story.causes.len() - unknown, story.doubts.len(), story.waiting.len());
    // Nothing was found there, since nobody looked.
    let unseen =
        |id: &String| record.checks.iter().any(|check| check.id == *id && check.state == State::Skipped);
    let for_unseen = story.waiting.iter().flat_map(|check| &check.blocked_by).all(unseen);
    let for_what = match causes + unknown + doubts {
        _ if for_unseen => "what was not looked at",
        0 => "what was not looked at",
        1 => "it",
        _ => "them",
    };
    let (waits, wait) = (format!("check waits for {for_what}"), format!("checks wait for {for_what}"));
    let parts = [
        (causes, "thing to do", "things to do"),
        (unknown, "thing to find out", "things to find out"),
        (doubts, "check could not tell", "checks could not tell"),
        (waiting, &waits, &wait),
    ];
    let told = parts.into_iter().filter(|(count, ..)| *count > 0);
    told.map(|(count, one, many)| counted(count, one, many)).collect()
}

/// What stands in nobody's way and still belongs to the answer.
fn aside(record: &Record, story: &Story<'_>) -> Vec<String> {
    let checks = |test: fn(&&CheckRecord) -> bool| record.checks.iter().filter(test).count();
    let skipped = checks(|check| check.state == State::Skipped && !check.deselected);
    let (warning, warnings) = match record.summary.exit_code {
        WARNINGS_FAIL => ("warning counts as failure", "warnings count as failures"),
        _ => ("warning", "warnings"),
    };
    let parts = [
        (skipped, "check lacks what it needs", "checks lack what they need"),
        (story.warnings.len(), warning, warnings),
        (story.waived.len(), "warning waived", "warnings waived"),
        (checks(|check| check.deselected), "check deselected", "checks deselected"),
    ];
    let told = parts.into_iter().filter(|(count, ..)| *count > 0);
    told.map(|(count, one, many)| counted(count, one, many)).collect()
}

/// Whether all that was judged is how GitHub can be reached: a pass then says nothing of whether GitHub will say yes.
fn only_network(record: &Record) -> bool {
    let mut judged = record.checks.iter().filter(|check| !check.deselected);
    judged.all(|check| check.category == Category::Network)
}

/// How many checks ended in each state, those that none did left out: `6 passed, 1 warned`.
pub(crate) fn counts(record: &Record) -> String {
    let counts = record.summary.counts.iter().filter(|(_, count)| **count > 0);
    counts
        .map(|(state, count)| format!("{count} {}", state.id().replace('_', " ")))
        .collect::<Vec<_>>()
        .join(", ")
}

/// A time in words: `14 ms`, `2.50 s`.
pub(crate) fn duration(milliseconds: u64) -> String {
    match milliseconds {
        0..1_000 => format!("{milliseconds} ms"),
        _ => format!("{}.{:02} s", milliseconds / 1_000, milliseconds % 1_000 / 10),
    }
}

/// Why something was not judged, in words.
pub(crate) fn reason(stop: &Stop) -> String {
    match stop {
        Stop::Blocked(by) => format!("waits for {by}"),
        Stop::Skipped(why) | Stop::NotApplicable(why) | Stop::Trouble(why) => why.clone(),
    }
}

/// `1 check`, `2 checks`.
pub(crate) fn counted(count: usize, one: &str, many: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {many}") }
}

/// A few subjects by name, and how many more: `a, b and 3 more`. The port 443 goes without saying when `short`; the run
/// as a whole always does.
pub(crate) fn some(subjects: &[&str], most: usize, short: bool) -> String {
    let subjects: Vec<&str> = subjects.iter().copied().filter(|subject| *subject != "run").collect();
    let name = |subject: &str| {
        let bare = subject.strip_suffix(":443").filter(|_| short);
        bare.unwrap_or(subject).to_owned()
    };
    let shown: Vec<String> = subjects.iter().take(most).map(|subject| name(subject)).collect();
    match subjects.len().saturating_sub(most) {
        0 => shown.join(", "),
        rest => format!("{} and {rest} more", shown.join(", ")),
    }
}

/// Who acts, as a person would say it.
pub(crate) fn who(owner: Owner) -> &'static str {
    match owner {
        Owner::Network => "network team",
        Owner::Proxy => "proxy team",
        Owner::Dns => "DNS team",
        Owner::ServerAdmin => "server admin",
        Owner::EnterpriseOwner => "enterprise owner",
        Owner::GithubSupport => "GitHub Support",
        Owner::Operator => "operator",
    }
}

/// What is equal by the first of its keys, word for word, or by the second, but for the subject's own name, becomes one,
/// in the order in which it first came.
pub(crate) fn fold<'a, T, K: PartialEq>(
    said: impl Iterator<Item = (&'a str, T)>,
    keys: impl Fn(&T, &str) -> [K; 2],
) -> Vec<Folded<'a, T>> {
    let mut folded: Vec<([K; 2], Folded<'a, T>)> = Vec::new();
    for (subject, said) in said {
        let [words, sense] = keys(&said, subject);
        let known = folded.iter_mut().find(|(known, _)| known[0] == words || known[1] == sense);
        match known {
            Some((_, fold)) if fold.subjects().contains(&subject) => {}
            Some((known, fold)) if known[0] == words => fold.same.push(subject),
            Some((_, fold)) => fold.alike.push(subject),
            None => {
                let fold = Folded { said, of: subject, same: Vec::new(), alike: Vec::new() };
                folded.push(([words, sense], fold));
            }
        }
    }
    folded.into_iter().map(|(_, folded)| folded).collect()
}

/// As [`fold`], for what is the same only when it is equal.
pub(crate) fn verbatim<'a, T: PartialEq + Clone>(
    said: impl Iterator<Item = (&'a str, T)>,
) -> Vec<Folded<'a, T>> {
    fold(said, |said, _| [said.clone(), said.clone()])
}

/// The text without the name of what it is about: two of them that are equal say the same of different subjects.
fn template(text: &str, subject: &str) -> String {
    let host = host(subject);
    let text = text.replace(subject, "\0");
    if host.is_empty() { text } else { text.replace(host, "\0") }
}

/// `host` of `host:port`.
fn host(subject: &str) -> &str {
    match subject.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => subject,
    }
}

/// What to do about a check that could not tell, each step once.
pub(crate) fn in_doubt(check: &CheckRecord) -> Vec<Act<'_>> {
    let mut acts: Vec<Act<'_>> = Vec::new();
    let troubles = check.not_judged.iter().filter(|not| matches!(not.stop, Stop::Trouble(_)));
    for act in troubles.flat_map(|not| &not.fix).map(Act::of) {
        if !acts.contains(&act) {
            acts.push(act);
        }
    }
    acts
}

fn left_out(record: &Record) -> Vec<LeftOut<'_>> {
    let mut all: Vec<LeftOut<'_>> = Vec::new();
    for check in &record.checks {
        for not in &check.not_judged {
            let (Stop::Blocked(by), Some(step)) = (&not.stop, not.fix.first()) else { continue };
            match all.iter_mut().find(|left_out| left_out.id == by) {
                Some(left_out) if left_out.waiting.contains(&check.id.as_str()) => {}
                Some(left_out) => left_out.waiting.push(&check.id),
                None => all.push(LeftOut { id: by, waiting: vec![&check.id], fix: Act::of(step) }),
            }
        }
    }
    all
}

fn grouped<'a>(findings: impl Iterator<Item = &'a FindingRecord>) -> Vec<Group<'a>> {
    let mut groups: Vec<Group<'a>> = Vec::new();
    for finding in findings {
        match groups.iter_mut().find(|group| group.id() == finding.id) {
            Some(group) => group.findings.push(finding),
            None => groups.push(Group { findings: vec![finding] }),
        }
    }
    groups
}

fn cut_short_by(by: &str) -> &str {
    match by {
        "deadline" => "the deadline",
        "interrupt" => "Ctrl-C",
        "terminate" => "SIGTERM",
        "hangup" => "SIGHUP",
        other => other,
    }
}

/// Subjects named in one place.
pub(crate) const MOST_NAMES: usize = 6;
/// The exit code of warnings under `--fail-on warn`.
pub(super) const WARNINGS_FAIL: u8 = 4;
