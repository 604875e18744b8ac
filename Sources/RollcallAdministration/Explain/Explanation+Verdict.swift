internal import LDAPModel
internal import PlainText
internal import RollcallConfiguration
internal import RollcallCore
internal import RollcallEngine
internal import RollcallLedger

extension Explanation {
  /// Interprets an observation.
  init(_ found: Observation, _ configuration: Configuration) {
    let conclusion = found.conclusion(configuration)
    let outcome: Outcome =
      switch conclusion.verdict {
      case .inStep: .ok
      case .pending: .wait
      case .blocked: .no
      case .unknown: .error
      }
    self.init(
      key: found.key.text, directory: configuration.name, verdict: conclusion.verdict,
      summary: "key \(found.key.shown): \(conclusion.summary)",
      steps: [
        found.rowStep(), found.scopeStep(configuration), found.mappingStep(configuration), found.matchStep(),
        found.differenceStep(configuration), found.gateStep(), found.lastWriteStep(),
        Step(.next, outcome, conclusion.next),
      ], next: conclusion.next)
  }
}

extension Observation {
  struct Conclusion {
    var verdict: Explanation.Verdict
    var summary: String
    var next: String
  }

  /// The verdict and the next step, from the first of these that applies: a side does not answer, a person has to
  /// decide, the key cannot be processed, something is to be done, nothing is.
  func conclusion(_ configuration: Configuration) -> Conclusion {
    if database != nil {
      return unknown("the database cannot be queried", "see the first step; try again when PostgreSQL answers")
    }
    if case .unread = row {
      return Conclusion(
        verdict: .blocked, summary: "blocked: the mapping cannot be evaluated",
        next: "correct the mapping or the table; rollcall check shows where")
    }
    if directory != nil {
      return unknown(
        "the directory cannot be queried", "see the step match; try again when the directory answers" + paused)
    }
    if refusal != nil { return unknown("its entry could not be looked at", "rollcall check shows what is wrong") }
    return decision ?? obstacle ?? work ?? rest
  }

  private func unknown(_ summary: String, _ next: String) -> Conclusion {
    Conclusion(verdict: .unknown, summary: "unknown: \(summary)", next: next)
  }

  private var paused: String {
    guard case .process(_, let condition) = leader, condition.state != "connected" else { return "" }
    return "; the daemon then resumes by itself"
  }

  /// A person has to decide, or has decided.
  private var decision: Conclusion? {
    let isDifferent = !steps.isEmpty || isHeld || problem != nil
    if let pin = record.pin, isDifferent {
      return blocked("it is pinned (\(pin.because))", "rollcall unpin \(key.shown) lets it be written again")
    }
    if isHeld {
      let takeover = takeoverSubjects
      let what = takeover.isEmpty ? "its removal is held" : "the takeover of its entry is held"
      return blocked(what, "rollcall release \(key.shown) approves it; a row that comes back ends the hold")
    }
    return nil
  }

  private var takeoverSubjects: [Takeover] { rehearsal?.takeovers.filter { $0.subject == key } ?? [] }

  /// Something should be done for the key, but cannot.
  private var obstacle: Conclusion? {
    if let problem {
      let next =
        switch problem.reason {
        case .nameTaken, .duplicateLink: "change the row or the other entry; the key is then tried again automatically"
        case .mapping, .schema, .nameMissing, .tooLarge: "change the row or the mapping; the key is then tried again"
        case .access: "give the account of directory.bind the right to write it"
        case .pinned:
          "no action is needed: rollcall unpin \(problem.awaitedPin?.shown ?? "the other") resumes writing for the other key"
        case .refused, .group, .excluded, .protected: "remove the cause; then: rollcall retry \(key.shown)"
        }
      return blocked(problem.message, next)
    }
    if let parked = record.parked, !steps.isEmpty || blocker != nil {
      let next = parked.nextAt.map { "it is tried again at \($0); " } ?? ""
      return blocked("it is parked (\(parked.reason))", "\(next)rollcall retry \(key.shown) tries it now")
    }
    if let blocker {
      return Conclusion(
        verdict: .pending, summary: "pending: it waits for key \(blocker.key.shown)",
        next: "it is processed again after key \(blocker.key.shown); see: rollcall explain \(blocker.key.shown)")
    }
    return nil
  }

  private func blocked(_ summary: String, _ next: String) -> Conclusion {
    Conclusion(verdict: .blocked, summary: "blocked: \(summary)", next: next)
  }

  /// Something is to be done, whether or not a daemon is there to do it.
  private var work: Conclusion? {
    if steps.isEmpty { return nil }
    let what = Wording.list(steps.map(\.what.rawValue)).text
    let now = "rollcall sync \(key.shown) does it now"
    switch leader {
    case .nobody:
      return blocked("no daemon runs for this directory (to do: \(what))", "rollcall run; or \(now)")
    case .unseen:
      return Conclusion(
        verdict: .pending, summary: "pending: \(what)",
        next: "this database is a standby; ask on the primary whether a daemon leads")
    case .process(let name, let condition):
      if let problem = capture.first {
        return blocked("its change was not noticed (to do: \(what))", "\(problem); \(now)")
      }
      let next =
        if condition.state != "connected" {
          "the daemon \(name) is \(condition.state) (\(condition.reason ?? "no reason given")) and will do it when it resumes"
        } else if change?.isSettled == false {
          "the daemon \(name) is about to do it"
        } else {
          "no change to the row is pending, so the next full comparison does it; \(now)"
        }
      return Conclusion(verdict: .pending, summary: "pending: \(what)", next: next)
    }
  }

  /// Nothing is to be done.
  private var rest: Conclusion {
    let entry = subject?.current.map { "its entry is \($0.dn.text.excerpt())" } ?? "no entry carries it"
    let summary: String
    switch row {
    case .missing, .impossible:
      summary =
        subject?.current == nil ? "no row has this key and no entry carries it" : "no row has this key, \(entry)"
    case .found(let row) where !row.inScope: summary = "source.where excludes its row, \(entry)"
    case .found(let row) where !row.active: summary = "source.active says that the person is inactive, \(entry)"
    default: summary = entry
    }
    let next: String
    if let problem = capture.first {
      next = "nothing now; but \(problem)"
    } else if let pin = record.pin {
      next = "nothing now; the key is pinned (\(pin.because)), so later changes of the row are not written"
    } else if record.parked != nil {
      next = "nothing; the parked key is released when it is looked at again: rollcall retry \(key.shown)"
    } else if case .nobody = leader {
      next = "nothing now; no daemon runs, so later changes wait: rollcall run"
    } else if let time = record.deletedAt {
      next = "its entry is deleted at \(time), unless its row comes back or somebody changes the entry"
    } else if let nextDate {
      next = "nothing until \(nextDate), when a date of its row passes, or until the row is changed"
    } else {
      next = "nothing; the next change of the row is written when it is committed"
    }
    return Conclusion(verdict: .inStep, summary: "in step: \(summary)", next: next)
  }
}

// MARK: Entries without a key

extension Explanation {
  /// An entry that another directory name manages.
  static func managed(
    _ dn: String, by other: (name: String, base: String), _ configuration: Configuration
  ) -> Explanation {
    let next = "rollcall explain --dn with the configuration of \"\(other.name)\""
    return Explanation(
      key: nil, directory: configuration.name, verdict: .unknown,
      summary: "unknown: \(dn.excerpt()) is managed by the directory name \"\(other.name)\"",
      steps: [
        Step(
          .match, .no, "the directory name \"\(other.name)\" manages \(other.base.excerpt())",
          [.text("dn", dn), .text("manager", other.name)]),
        Step(.next, .no, next),
      ], next: next)
  }

  /// An entry without a link.
  static func unlinked(_ dn: String, isBelow: Bool, _ configuration: Configuration) -> Explanation {
    let why =
      isBelow
      ? "it has no \(configuration.users.link), so it belongs to no row" : "it is not below \(configuration.users.base)"
    let next =
      if let adoption = configuration.users.adoption {
        "the row with its \(adoption.by) takes the entry over, if there is one, and one alone"
      } else if isBelow, configuration.users.adopt {
        "a row that wants this name takes the entry over"
      } else {
        "nothing: Rollcall leaves it alone"
      }
    return Explanation(
      key: nil, directory: configuration.name, verdict: .inStep,
      summary: "in step: \(dn.excerpt()) is not managed: \(why)",
      steps: [Step(.match, .no, why, [.text("dn", dn)]), Step(.next, .ok, next)], next: next)
  }

  /// Neither side knows the requested person.
  static func nobody(_ why: String, _ configuration: Configuration) -> Explanation {
    let next = "ask by the key: rollcall explain KEY"
    return Explanation(
      key: nil, directory: configuration.name, verdict: .unknown, summary: "unknown: \(why)",
      steps: [Step(.match, .no, why), Step(.next, .error, next)], next: next)
  }
}
