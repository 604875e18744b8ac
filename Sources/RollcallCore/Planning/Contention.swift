import LDAPModel

/// Decides, before anything is written, who gets a name or value that only one entry can have.
///
/// A holder that still wants it keeps it. If the holder gives it up, one of those who want it gets it. If the holder
/// cannot give it up, it keeps it, and all who want it are parked.
struct Contention {
  enum Status {
    case moving
    /// Stays where it is.
    case resting
    case parked(Problem)
    case blocked(Blocker)
  }

  struct Party {
    let key: RosterKey
    /// The DN it has, or else the one it wants; used in messages.
    let dn: DistinguishedName
    let holds: [String]
    let wants: [String]
    var status: Status
    /// Whether it takes over an unlinked entry that has the wanted name.
    let mayAdopt: Bool
    let isPinned: Bool
    /// The stranger it takes over.
    var adopted: Int?

    var isMoving: Bool { if case .moving = status { true } else { false } }
    var isParked: Bool { if case .parked = status { true } else { false } }

    /// The key that must be unpinned before this one gives anything up.
    var awaitedPin: RosterKey? {
      if isPinned { return key }
      return if case .parked(let problem) = status { problem.awaitedPin } else { nil }
    }
  }

  /// An entry that belongs to none of the parties.
  struct Stranger {
    let entry: Entry
    /// The key that may move it; nil: no subject may.
    let key: RosterKey?
    let isLinked: Bool
    /// The resources that it has, its name first.
    let holds: [String]
  }

  private(set) var parties: [Party]
  private let strangers: [Stranger]
  /// The current holder of each resource.
  private(set) var holder: [String: Int] = [:]
  private var strangerHolding: [String: Int] = [:]
  private var wanters: [String: [Int]] = [:]
  /// For each party that was parked in favor of another, that other party.
  private var winner: [Int: Int] = [:]

  init(_ parties: [Party], strangers: [Stranger]) {
    self.parties = parties
    self.strangers = strangers
    for (index, party) in parties.enumerated() {
      for resource in party.holds { holder[resource] = index }
      guard party.isMoving else { continue }
      for resource in party.wants where !party.holds.contains(resource) {
        wanters[resource, default: []].append(index)
      }
    }
    for (index, stranger) in strangers.enumerated() {
      for resource in stranger.holds { strangerHolding[resource] = index }
      guard !stranger.isLinked, let name = stranger.holds.first else { continue }
      for party in wanters[name] ?? [] where parties[party].mayAdopt { self.parties[party].adopted = index }
    }
  }

  mutating func resolve() {
    let initial = parties
    var excluded: [Int: Status] = [:]
    while true {
      decideAll()
      // The winner of one resource may have missed another; it must then not block those it won against.
      let failed = Set(winner.values).filter { parties[$0].isParked && excluded[$0] == nil }
      guard let loser = failed.filter({ winner[$0] == nil }).min() ?? failed.min() else { return }
      excluded[loser] = parties[loser].status
      parties = initial
      winner = [:]
      for (index, status) in excluded { parties[index].status = status }
    }
  }

  private mutating func decideAll() {
    setAside(among: Array(parties.indices))
    for (index, party) in parties.enumerated() {
      for resource in party.wants where wanters[resource]?.first == index {
        decide(resource)
      }
    }
  }

  /// Gives a contended resource to one of the parties that want it.
  private mutating func decide(_ resource: String) {
    let candidates = (wanters[resource] ?? []).filter { parties[$0].isMoving }
    guard candidates.count > 1 else { return }
    let lowest = candidates.min { keyPrecedes(parties[$0].key, parties[$1].key) }
    guard let chosen = closing(resource, candidates) ?? lowest else { return }
    for loser in candidates where loser != chosen {
      winner[loser] = chosen
      parties[loser].status = .parked(
        taken(resource, by: "person \(parties[chosen].key) gets", wantedBy: parties[loser].key))
    }
    setAside(among: candidates.filter { $0 != chosen }.flatMap { waiting(for: $0) })
  }

  /// The candidate that the holder waits for: it closes a cycle of names.
  private func closing(_ resource: String, _ candidates: [Int]) -> Int? {
    guard let first = holder[resource] else { return nil }
    var seen: Set<Int> = []
    var pending = [first]
    while let index = pending.popLast() {
      guard parties[index].isMoving, seen.insert(index).inserted else { continue }
      if candidates.contains(index) { return index }
      pending += parties[index].wants.compactMap { holder[$0] }
    }
    return nil
  }

  /// Parks the parties that cannot get what they want, and then those that wait for them.
  private mutating func setAside(among indices: [Int]) {
    var pending = indices
    while let index = pending.popLast() {
      guard parties[index].isMoving else { continue }
      let party = parties[index]
      for resource in party.wants where !party.holds.contains(resource) {
        if let status = obstacle(resource, for: index) {
          parties[index].status = status
          pending += waiting(for: index)
          break
        }
      }
    }
  }

  private func waiting(for index: Int) -> [Int] {
    parties[index].holds.flatMap { wanters[$0] ?? [] }
  }

  /// The status of `index` if it cannot have the resource; nil if it can, now or after the holder has left.
  private func obstacle(_ resource: String, for index: Int) -> Status? {
    let key = parties[index].key
    if let other = holder[resource], other != index {
      let party = parties[other]
      switch party.status {
      case .blocked(var blocker):
        blocker.holder = Blocker.Holder(key: party.key, dn: party.dn, resource: resource)
        return .blocked(blocker)
      case .moving where !party.wants.contains(resource): return nil
      case .moving, .resting, .parked:
        if let pinned = party.awaitedPin {
          return .parked(.pinned(key, wants: resource, of: party.key, at: party.dn, pinned: pinned))
        }
        return .parked(taken(resource, by: "person \(party.key) (\(party.dn)) has", wantedBy: key))
      }
    }
    guard let place = strangerHolding[resource], parties[index].adopted != place else { return nil }
    let stranger = strangers[place]
    let dn = stranger.entry.dn
    if let other = stranger.key { return .blocked(Blocker(key: other, dn: dn, resource: resource)) }
    let what = stranger.isLinked ? "an entry that is not Rollcall's to move" : "an entry without a link"
    return .parked(
      taken(
        resource, by: "\(dn) has, \(what)", wantedBy: key,
        cure: stranger.isLinked ? "rename one of them" : "rename or remove it, or let it be adopted"))
  }

  private func taken(
    _ resource: String, by holder: Wording, wantedBy key: RosterKey, cure: Wording = "give one of them another"
  ) -> Problem {
    Problem(.nameTaken, "person \(key) wants \(resource), which \(holder): \(cure)", blocks: resource)
  }
}

/// A stable order of keys: whole numbers by value, then all others by their octets.
func keyPrecedes(_ one: RosterKey, _ other: RosterKey) -> Bool {
  let isNumber = { (key: RosterKey) in
    !key.text.isEmpty && key.text.utf8.allSatisfy { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
  }
  switch (isNumber(one), isNumber(other)) {
  case (true, false): return true
  case (false, true): return false
  case (true, true) where one.text.utf8.count != other.text.utf8.count:
    return one.text.utf8.count < other.text.utf8.count
  default: return one < other
  }
}
