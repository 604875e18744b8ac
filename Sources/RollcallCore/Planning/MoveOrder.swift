import LDAPModel

/// The order of subjects that wait for each other's names: each is renamed as soon as what it wants is free. In a
/// cycle one of them first gets a temporary name.
struct MoveOrder {
  private let parties: [Contention.Party]
  private var transitions: [Transition]
  private var holder: [String: Int] = [:]
  private var waiting: [String: [Int]] = [:]
  private var pending: Set<Int>
  /// Members that have a temporary name and not yet what they want.
  private var vacated: Set<Int> = []
  private var exchange = 0
  private var done: [Step] = []

  init(_ planner: Planner, _ group: [(intent: Intent, party: Contention.Party)]) {
    parties = group.map(\.party)
    transitions = group.map { Transition(planner, $0.intent) }
    pending = Set(group.indices)
    for (index, party) in parties.enumerated() {
      for resource in party.holds { holder[resource] = index }
      for resource in party.wants where !party.holds.contains(resource) {
        waiting[resource, default: []].append(index)
      }
    }
  }

  mutating func steps() -> [Step] {
    for index in transitions.indices { done += transitions[index].disabling() }
    var ready = Array(pending.filter(isFree).sorted().reversed())
    while !pending.isEmpty {
      let index = ready.popLast() ?? inTheWay()
      guard pending.contains(index) else { continue }
      if isFree(index) || vacated.contains(index) {
        pending.remove(index)
        go(index)
      } else {
        if vacated.isEmpty { exchange += 1 }
        vacated.insert(index)
        done += transitions[index].vacating(exchange: exchange)
      }
      ready += leave(index).reversed()
    }
    for index in transitions.indices {
      done += transitions[index].rest()
      transitions[index].clear(in: &done)
    }
    return done
  }

  private mutating func go(_ index: Int) {
    let exchange = vacated.isEmpty ? nil : exchange
    done += transitions[index].relocating(exchange: exchange)
    done += transitions[index].takingValues(exchange: exchange)
    vacated.remove(index)
    for resource in parties[index].wants { holder[resource] = index }
  }

  /// Frees what `index` has and does not want; returns the parties that can go now.
  private mutating func leave(_ index: Int) -> [Int] {
    var next: [Int] = []
    for resource in parties[index].holds
    where holder[resource] == index && !parties[index].wants.contains(resource) {
      holder[resource] = nil
      next += (waiting[resource] ?? []).filter { pending.contains($0) && isFree($0) }
    }
    return next
  }

  private func isFree(_ index: Int) -> Bool { blocker(of: index) == nil }

  /// The party that holds something that `index` wants.
  private func blocker(of index: Int) -> Int? {
    for resource in parties[index].wants {
      if let other = holder[resource], other != index { return other }
    }
    return nil
  }

  /// The lowest key of a cycle; there is one, because all remaining parties wait.
  private func inTheWay() -> Int {
    var path: [Int] = []
    var index = pending.min() ?? 0
    while !path.contains(index), let next = blocker(of: index) {
      path.append(index)
      index = next
    }
    let circle = path.drop { $0 != index }
    return circle.filter { !vacated.contains($0) }.min { keyPrecedes(parties[$0].key, parties[$1].key) }
      ?? index
  }

  /// Groups of moving parties of which one wants what another has, in order of the first member of each.
  static func groups(of moving: [Int: Intent], _ contention: Contention) -> [[Int]] {
    var leader: [Int: Int] = [:]
    func find(_ index: Int) -> Int {
      var root = index
      while let next = leader[root], next != root { root = next }
      return root
    }
    for index in moving.keys.sorted() {
      for resource in contention.parties[index].wants {
        guard let other = contention.holder[resource], other != index, moving[other] != nil else { continue }
        let (one, two) = (find(index), find(other))
        leader[max(one, two)] = min(one, two)
      }
    }
    var groups: [Int: [Int]] = [:]
    for index in moving.keys.sorted() { groups[find(index), default: []].append(index) }
    return groups.keys.sorted().compactMap { groups[$0] }
  }
}
