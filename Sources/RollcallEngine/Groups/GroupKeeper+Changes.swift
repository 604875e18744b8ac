internal import LDAP
internal import LDAPModel
internal import Reactor
internal import RollcallCore
internal import RollcallLedger

/// The changes before the operations on people, and those after them.
extension GroupKeeper {
  /// Drops journalled names that somebody else has by now; returns the people whose new names nobody has yet.
  func lookAtHolders(
    _ people: inout [GroupSubject], _ lane: DirectoryLink.Lane
  ) async throws(EngineError) -> Set<RosterKey> {
    var questions: [(index: Int, value: AttributeValue, isOld: Bool)] = []
    for (index, person) in people.enumerated() {
      if let old = person.journalledName, knows(person, old), !isName(old, of: person) {
        questions.append((index, old, true))
      }
      if person.isRenamed, let new = person.newName, knows(person, new) {
        questions.append((index, new, false))
      }
    }
    if questions.isEmpty { return [] }
    let holders = try await finder.holders(of: questions.map(\.value), try session(lane))
    var free: Set<RosterKey> = []
    for (question, entries) in zip(questions, holders) {
      let link = AttributeValue(people[question.index].key)
      let others = entries.contains { entry in !entry[finder.people.link].contains(link) }
      if question.isOld, others {
        people[question.index].journalledName = nil
      } else if !question.isOld, !others {
        free.insert(people[question.index].key)
      }
    }
    return free
  }

  private func knows(_ person: GroupSubject, _ name: AttributeValue) -> Bool {
    let identity = planner.identity(of: name)
    return person.found.contains { planner.identity(of: $0.value) == identity }
  }

  private func isName(_ name: AttributeValue, of person: GroupSubject) -> Bool {
    let identity = planner.identity(of: name)
    return [person.oldName, person.newName].compactMap { $0 }.contains {
      planner.identity(of: $0) == identity
    }
  }

  /// Removals: people who are deleted or leave their name to another, and lost rights, even if other steps fail.
  ///
  /// - Parameter free: keys whose new name nobody has: they would inherit existing memberships of that name.
  func changesBefore(_ people: [GroupSubject], free: Set<RosterKey>) -> [GroupChange] {
    people.flatMap { person -> [GroupChange] in
      let names = [person.oldName, person.journalledName].compactMap { $0 }
      if person.oldName != nil, person.newName == nil || person.isRenamed && person.isContended {
        return changes(person, name: nil, former: names, wanted: [])
      }
      guard person.hasSteps, let wanted = person.wanted else { return [] }
      var result: [GroupChange] = []
      if let old = person.oldName { result += changes(person, name: old, former: [], wanted: wanted) }
      if person.isRenamed, free.contains(person.key) {
        result += changes(person, name: person.newName, former: [], wanted: wanted)
      }
      return result.compactMap { change in
        change.removed.isEmpty
          ? nil : GroupChange(key: change.key, group: change.group, removed: change.removed)
      }
    }
  }

  /// Additions, renames, and removals of people who have no other steps.
  func changesAfter(_ people: [GroupSubject]) -> [GroupChange] {
    people.flatMap { person -> [GroupChange] in
      var former: [AttributeValue] = []
      if !(person.isRenamed && person.isContended) {
        former = [person.journalledName, person.isRenamed ? person.oldName : nil].compactMap { $0 }
      }
      return changes(person, name: person.newName, former: former, wanted: person.wanted)
    }
  }

  private func changes(
    _ person: GroupSubject, name: AttributeValue?, former: [AttributeValue], wanted: [GroupName]?
  ) -> [GroupChange] {
    planner.changes(
      for: Membership(key: person.key, name: name, former: former, wanted: wanted), found: person.found)
  }

  /// Updates the known memberships of the people after changes that were applied.
  func note(_ changes: [GroupChange], in people: inout [GroupSubject]) {
    var removed: [RosterKey: Set<Known>] = [:]
    for change in changes {
      for value in change.removed {
        removed[change.key, default: []].insert(Known(group: change.group, name: planner.identity(of: value)))
      }
    }
    for index in people.indices {
      guard let gone = removed[people[index].key] else { continue }
      people[index].found.removeAll {
        gone.contains(Known(group: $0.group, name: planner.identity(of: $0.value)))
      }
    }
  }

  private struct Known: Hashable {
    let group: GroupName
    let name: AttributeValue
  }

  // MARK: Following

  /// Whether the groups have only the name that the person gives up, so that they have to follow the rename.
  func hasToFollow(_ person: GroupSubject) -> Bool {
    guard person.isRenamed, !person.isContended, person.newName != nil, let old = person.oldName else {
      return false
    }
    return knows(person, old)
  }

  /// Reads the groups of renamed people again, and finds out whether the server has updated them itself.
  func reread(_ people: inout [GroupSubject], _ lane: DirectoryLink.Lane) async throws(EngineError) {
    let renamed = people.indices.filter { index in
      let person = people[index]
      guard person.isRenamed, !person.found.isEmpty, let new = person.newName else { return false }
      return knows(person, new) || serverFollows != false && hasToFollow(person)
    }
    if renamed.isEmpty { return }
    var again = renamed.map { people[$0] }
    let isTelling = planner.carriesNames && again.contains(where: hasToFollow)
    var looks = 0
    while true {
      try await look(&again, lane, manages: registry.manages)
      looks += 1
      if !isTelling || !again.contains(where: hasToFollow) { break }
      if serverFollows == false || looks == GroupKeeper.looks { break }
      try? await Reactor.sleep(for: GroupKeeper.pause)
    }
    if isTelling, serverFollows == nil { learn(follows: !again.contains(where: hasToFollow)) }
    for (index, person) in zip(renamed, again) { people[index] = person }
  }
}
