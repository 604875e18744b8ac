internal import LDAPModel
internal import PlainText
internal import RollcallConfiguration
internal import RollcallCore
internal import RollcallLedger

/// The state of the directory, and what prevents changes: the next four steps.
extension Observation {
  /// The part of an operation that is shown.
  private static let longestLDIF = 20_000

  func matchStep() -> Explanation.Step {
    if let directory { return .init(.match, .error, "the directory cannot be queried: \(directory)") }
    if let refusal { return .init(.match, .error, refusal) }
    guard rehearsal != nil else {
      if entries.isEmpty { return .init(.match, .no, "no entry carries the key") }
      return .init(.match, .ok, "\(entries.joined(separator: " and ")) carries the key", [.list("entries", entries)])
    }
    let holder = self.holder
    if let problem, problem.reason == .duplicateLink {
      return .init(.match, .error, problem.message, [.text("reason", problem.reason.rawValue)])
    }
    let dn = subject?.current?.dn.text
    let isAdopted = steps.contains { $0.key == key && $0.what == .adopt }
    let found =
      dn.map { "\($0.excerpt()) \(isAdopted ? "has no link yet and is taken over" : "carries the key")" }
      ?? "no entry carries the key"
    let evidence: [Explanation.Evidence?] = [.text("dn", dn), .text("holder", holder)]
    if let holder { return .init(.match, .wait, "\(found); \(holder)", evidence) }
    if isProtected { return .init(.match, .no, "\(found); users.protect says that it must not be changed", evidence) }
    return .init(.match, dn == nil ? .no : .ok, found, evidence)
  }

  private var isProtected: Bool { subject?.isProtected == true }

  /// The holder of the wanted name or value, in words.
  private var holder: String? {
    if let blocker { return "key \(blocker.key.shown) has \(blocker.resource.excerpt())" }
    guard let problem, problem.reason == .nameTaken else { return nil }
    return problem.message
  }

  /// Why the key cannot be planned for.
  var problem: Problem? { rehearsal?.parked[key] }
  /// The key that it waits for.
  var blocker: Blocker? { rehearsal?.plan.blocked[key] }

  /// The operations for this key, and those that belong to them.
  var steps: [Step] {
    let groups: Set<Step.What> = [.join, .leave, .follow, .refer, .makeGroup, .dropGroup, .makeContainer]
    return rehearsal?.plan.sequences.filter { sequence in
      sequence.steps.contains { $0.key == key || groups.contains($0.what) }
    }.flatMap(\.steps) ?? []
  }

  func differenceStep(_ configuration: Configuration) -> Explanation.Step {
    guard rehearsal != nil else {
      return .init(.difference, .error, "unknown, because one of the two servers could not be read")
    }
    if steps.isEmpty {
      if isHeld { return .init(.difference, .no, "none, because the action is held") }
      if problem != nil { return .init(.difference, .error, "the changes cannot be determined") }
      if blocker != nil { return .init(.difference, .wait, "it is planned after the other key has been renamed") }
      return .init(.difference, .ok, "none")
    }
    // A value that is only set at creation may be a first password.
    let secrets = LDIF.secretAttributes + hidden + configuration.users.createOnly.map(\.attribute)
    var ldif = ""
    for step in steps {
      ldif +=
        LDIF.comment("key \(step.key.shown): \(step.what.rawValue)") + LDIF.change(step.operation, secrets: secrets)
    }
    let names = Wording.list(steps.map(\.what.rawValue))
    let count = steps.count == 1 ? "1 operation" : "\(steps.count) operations"
    return .init(
      .difference, .wait, "\(count): \(names)",
      [.number("operations", steps.count), .text("ldif", ldif.excerpt(Observation.longestLDIF))])
  }

  /// Whether a change of the key waits for a person, or would wait.
  var isHeld: Bool {
    guard let rehearsal else { return record.holds.contains { !$0.isApproved } }
    return rehearsal.held.contains { $0.key == key } || !takeovers.isEmpty
  }

  private var takeovers: [Takeover] { rehearsal?.takeovers.filter { $0.subject == key || $0.isGroup } ?? [] }

  func gateStep() -> Explanation.Step {
    if database != nil { return .init(.gate, .error, "unknown, because the database cannot be queried") }
    var texts: [String] = []
    var evidence: [Explanation.Evidence?] = []
    if let pin = record.pin {
      let end = pin.until.map { " until \($0)" } ?? (pin.endsWithChange ? " until its row changes" : "")
      texts.append("pinned by \(pin.actor) since \(pin.since)\(end): \(pin.because)")
      evidence.append(
        row(
          "pinned", ("because", pin.because), ("actor", pin.actor), ("since", pin.since), ("until", pin.until)))
    }
    for hold in record.holds {
      let why = hold.reason.map { ", because \($0)" } ?? ""
      let state = hold.isApproved ? "released, not done yet" : "held since \(hold.since)\(why)"
      texts.append("\(hold.action) of \(hold.dn.excerpt()) is \(state)")
      evidence.append(
        row(
          "held", ("action", hold.action), ("dn", hold.dn), ("since", hold.since), ("reason", hold.reason),
          ("approved", "\(hold.isApproved)")))
    }
    texts += foretold
    if let parked = record.parked {
      let next = parked.nextAt.map { "next try \($0)" } ?? "until its cause is removed"
      texts.append("parked since \(parked.since) (\(parked.reason), \(next)): \(parked.message)")
      evidence.append(
        row(
          "parked", ("reason", parked.reason), ("code", parked.code.map(String.init)), ("message", parked.message),
          ("since", parked.since), ("next_at", parked.nextAt)))
    }
    if let blocker { texts.append("waits for key \(blocker.key.shown), which has \(blocker.resource.excerpt())") }
    let date = nextDate.map { "a date of its row passes at \($0), and it is looked at again then" }
    evidence.append(.text("due", nextDate))
    if let time = record.deletedAt {
      texts.append("its entry is to be deleted at \(time) (users.delete_after), because its row is gone")
      evidence.append(.text("deleted_at", time))
    }
    if texts.isEmpty {
      let rest = ["not held, pinned or parked"] + [date].compactMap { $0 }
      return .init(.gate, .ok, rest.joined(separator: "; "), evidence)
    }
    texts += [date].compactMap { $0 }
    let isError = record.parked != nil && record.pin == nil && !isHeld
    return .init(.gate, isError ? .error : .wait, texts.joined(separator: "; "), evidence)
  }

  /// Actions that would be held and are not yet.
  private var foretold: [String] {
    guard let rehearsal else { return [] }
    let known = Set(record.holds.map(\.action))
    let removals = rehearsal.held.filter { $0.key == key && !known.contains($0.action.rawValue) }.map { removal in
      let reason = rehearsal.foretold[key].map { ", because \($0)" } ?? ""
      return "\(removal.action.rawValue) of \(removal.dn.text.excerpt()) would be held\(reason)"
    }
    return removals
      + (known.contains(Takeover.action)
        ? []
        : takeovers.map { "takeover of \($0.dn.text.excerpt()), which Rollcall did not make, would be held" })
  }

  private func row(_ name: String, _ values: (String, String?)...) -> Explanation.Evidence? {
    .table(
      name,
      values.map { name, value in
        Explanation.Evidence.Row(name: name, values: value.map { [$0] }, isList: false)
      })
  }

  func lastWriteStep() -> Explanation.Step {
    if database != nil { return .init(.lastWrite, .error, "unknown, because the database cannot be queried") }
    guard let write = record.lastWrite else { return .init(.lastWrite, .no, "the journal has no row for this key") }
    var text = "\(write.at): \(write.action), \(write.outcome)"
    let attributes = write.changes?.map(\.name) ?? []
    if !attributes.isEmpty { text += " (\(attributes.joined(separator: ", ")))" }
    if let cause = write.cause { text += ", found by \(cause)" }
    if let xid = write.xid { text += ", transaction \(xid)" }
    if let actor = write.actor { text += ", by \(actor)" }
    if let because = write.because { text += ": \(because)" }
    if let message = write.message { text += "; \(message)" }
    return .init(
      .lastWrite, write.outcome == "refused" ? .error : .ok, text,
      [
        .number("id", write.id), .text("at", write.at), .text("action", write.action), .text("outcome", write.outcome),
        .text("cause", write.cause), .text("xid", write.xid), .text("dn", write.newDN ?? write.dn),
        .list("attributes", attributes), .text("message", write.message), .text("actor", write.actor),
        .text("because", write.because),
      ])
  }
}
