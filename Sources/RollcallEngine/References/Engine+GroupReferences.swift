internal import LDAPModel
internal import Reactor
internal import RollcallConfiguration
internal import RollcallCore
internal import RollcallLedger

/// Attributes of groups that have the DNs of people.
extension Engine {
  /// Reads whom groups refer to; nil if no such references are configured.
  package func groupReferenceReader(_ keeper: GroupKeeper?, _ stateReader: StateReader) -> GroupReferenceReader? {
    keeper.flatMap { GroupReferenceReader(configuration, $0, stateReader, roster, sessions.mappingBulk) }
  }

  /// Keeps the references of this connection's groups, beginning with a look at all of them.
  func beginGroupReferences(_ stateReader: StateReader, _ recorder: Recorder?) -> GroupReferences? {
    guard let reader = groupReferenceReader(groups, stateReader) else { return nil }
    let references = GroupReferences(reader, link: link, dispatcher: dispatcher, recorder: recorder)
    references.readsPeople = groupsReadPeople
    references.onTrouble = { [weak self] error in self?.trouble(error) }
    references.onFailure = { [weak self] message, fix in self?.noteMapping("groups.references", message, fix: fix) }
    dispatcher.groupReferences = references
    references.begin(again: configuration.directory.timeout) { [weak self] in
      guard let sweeper = self?.sweeper else { return false }
      return sweeper.isLooking || sweeper.keyQueries.contains { !$0.isFailing && $0.open > $0.aside.count }
    }
    return references
  }

  /// Finds out whether a change of a person's row may change whom groups refer to.
  func noteReaders(_ coverage: Coverage) async throws(EngineError) {
    let people = try await coverage.demands().demands.filter(\.namesPeople).map(\.oid)
    groupsReadPeople = coverage.readings.contains { $0.isOfGroups && $0.mayRead(people) }
    groupReferences?.readsPeople = groupsReadPeople
  }

  /// Why groups do not refer to whom they should; nil: they do.
  package var failingReferences: String? { groupReferences?.failure }

  /// Ends the looks at groups, and waits for the one that is under way.
  func endGroupReferences(by deadline: ContinuousClock.Instant) async {
    groupReferences?.stop()
    while groupReferences?.isLooking == true, ContinuousClock.now < deadline {
      try? await Reactor.sleep(for: .milliseconds(5))
    }
  }
}
