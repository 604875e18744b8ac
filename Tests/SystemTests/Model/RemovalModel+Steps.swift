import LDAPModel
import Reactor
import RollcallCore

@testable import RollcallEngine
@testable import RollcallLedger

/// What can happen, one step after the other.
extension RemovalModel {
  func run(_ count: Int) async {
    for _ in 0..<count where faults.isEmpty { await step() }
    if faults.isEmpty { await finish() }
  }

  func step() async {
    if !faults.isEmpty { return }
    switch Int.random(in: 0..<24, using: &random) {
    case 0..<4: write()
    case 4: hear()
    case 5: look()
    case 6..<9: readPage()
    case 9, 10: other()
    case 11..<14: take()
    case 14..<18: await plan()
    case 18..<21: end()
    case 21, 22: await decide()
    default:
      if let key = draw(parked.sorted()), chance(2) {
        dispatcher.add(key, .retry)
      } else if chance(6) {
        note("another reader")
        displace()
      }
    }
    checkWatermark()
  }

  // MARK: HR

  private func write() {
    guard let key = draw(keys) else { return }
    if chance(4) { return writeMany() }
    var change = Change(keys: [key: true], isWindow: false)
    if !rows.contains(key) {
      rows.insert(key)
    } else if chance(2) {
      rows.remove(key)
      // Not where the trigger has no columns to tell it by.
      change.isLeaver = !chance(4)
      deletedBy[key] = changes.count
    }
    note("\(key) \(rows.contains(key) ? "is written" : "leaves") \(change.isLeaver)")
    changes.append(change)
  }

  private func writeMany() {
    var change = Change(keys: [:], isWindow: true)
    let isWipe = chance(2)
    for key in keys where chance(2) {
      change.keys[key] = !(isWipe && rows.contains(key))
      if isWipe, rows.contains(key), !chance(4) {
        rows.remove(key)
        deletedBy[key] = changes.count
      }
    }
    note("\(isWipe ? "a wipe" : "a batch") of \(change.keys.keys.sorted())")
    changes.append(change)
  }

  private func hear() {
    let new = changes.indices.filter { changes[$0].epoch == nil && !changes[$0].isHeard && !changes[$0].isWindow }
    guard let index = draw(new) else { return }
    changes[index].isHeard = true
    for key in changes[index].keys.keys {
      dispatcher.add(key, changes[index].isLeaver ? .leaver : .notification)
    }
  }

  // MARK: Others

  private func other() {
    if others.count < 2, chance(3) {
      let epoch = dispatcher.queue.epochs.current
      dispatcher.queue.epochs.enter(epoch)
      let removalBatch = removalGuard.begin(holding: chance(8) ? .firstComparison : nil)
      undecided.insert(removalBatch)
      others.append(Other(removalBatch: removalBatch, epoch: epoch, isPlain: chance(2)))
    }
    guard let index = others.indices.randomElement(using: &random), let key = draw(keys) else { return }
    let other = others[index]
    switch Int.random(in: 0..<8, using: &random) {
    case 0, 1: close(other)
    case 2:
      note("batch \(other.removalBatch) is abandoned")
      others.remove(at: index)
      undecided.remove(other.removalBatch)
      removalGuard.abandon(other.removalBatch)
      dispatcher.queue.epochs.leave(other.epoch)
    case 3:
      note("\(key) joins batch \(other.removalBatch)")
      dispatcher.queue.join(key, other.removalBatch, isPlain: other.isPlain)
    default:
      note("\(key) is added with batch \(other.removalBatch) \(other.isPlain)")
      dispatcher.add(
        key, .reconcile, epoch: other.epoch, removalBatch: other.removalBatch, isPlain: other.isPlain)
    }
  }

  private func close(_ other: Other) {
    others.removeAll { $0.removalBatch == other.removalBatch }
    closed[other.removalBatch] = other.epoch
  }

  // MARK: Workers

  private func take() {
    let most = Int.random(in: 1...3, using: &random)
    guard let batch = dispatcher.queue.take(most, within: .leaver ... .reconcile) else { return }
    lastTurn += 1
    note("turn \(lastTurn) of \(batch.keys)")
    turns.append(
      Turn(number: lastTurn, rows: Dictionary(uniqueKeysWithValues: batch.keys.map { ($0, rows.contains($0)) })))
  }

  private func plan() async {
    guard !isPaying, let found = draw(turns.filter { !$0.isBusy && !$0.isPlanned }) else { return }
    change(found.number) { $0.isBusy = true }
    var turn = found
    var removals: [Removal] = []
    for (key, isThere) in turn.rows.sorted(by: { $0.key < $1.key }) {
      if !isCalm, chance(20) {
        turn.outcomes[key] = .parked
      } else if !isCalm, chance(20), let holder = draw(keys), holder != key {
        turn.outcomes[key] = dispatcher.queue.hasAwaited(key, holder) ? .parked : .waits(holder)
      } else if !isThere, entries.contains(key) {
        let dn = DistinguishedName(unchecked: "uid=\(key),dc=example,dc=com")
        removals.append(Removal(key: key, action: .delete, dn: dn))
      } else {
        turn.outcomes[key] = .settled
      }
    }
    let bound = Dictionary(uniqueKeysWithValues: removals.map { ($0.key, bonds(of: $0.key)) })
    note("turn \(turn.number) plans \(removals.map(\.key))")
    removalGuard.forgetCounts()
    do throws(EngineError) {
      let withheld = try await removalGuard.withhold(removals)
      for removal in removals {
        turn.outcomes[removal.key] = withheld.contains(removal.key) ? .withheld : .settled
        if withheld.contains(removal.key) { continue }
        note("\(removal.key) is removed by turn \(turn.number)")
        check(removing: removal.key, boundAtDecision.removeValue(forKey: removal.key) ?? bound[removal.key] ?? [])
        entries.remove(removal.key)
        removed.insert(removal.key)
      }
      let staying = turn.rows.keys.filter { key in
        if case .settled? = turn.outcomes[key], !removals.contains(where: { $0.key == key }) { true } else { false }
      }
      removalGuard.keep(staying)
      try await state.unhold(staying)
      for key in staying where turn.rows[key] == true { entries.insert(key) }
    } catch {
      fail("\(error)")
    }
    let outcomes = turn.outcomes
    change(turn.number) {
      $0.outcomes = outcomes
      $0.isBusy = false
      $0.isPlanned = true
    }
  }

  private func change(_ number: Int, _ body: (inout Turn) -> Void) {
    guard let index = turns.firstIndex(where: { $0.number == number }) else { return }
    body(&turns[index])
  }

  private func end() {
    guard let turn = draw(turns.filter { !$0.isBusy && ($0.isPlanned || chance(10)) }) else { return }
    turns.removeAll { $0.number == turn.number }
    note("turn \(turn.number) ends: \(turn.outcomes)")
    for key in turn.rows.keys.sorted() {
      switch turn.outcomes[key] {
      case nil: dispatcher.queue.putBack(key)
      case _ where !isCalm && chance(20): dispatcher.queue.putBack(key)
      case .waits(let holder)?: dispatcher.queue.wait(key, for: holder)
      case .some(let outcome):
        var isStaying = false
        if case .settled = outcome { isStaying = true }
        switch outcome {
        case .parked: parked.insert(key)
        case .withheld where state.held(key) == nil: break
        case .settled, .withheld, .waits: parked.remove(key)
        }
        removalGuard.settled(key)
        boundAtDecision[key] = nil
        dispatcher.queue.finish(key, staying: isStaying)
      }
    }
  }

  private func decide() async {
    let read = closed.keys.filter { dispatcher.queue.removalBatches.unplanned(in: $0) == 0 }.sorted()
    guard !isDeciding, !isPaying, let removalBatch = draw(read), let epoch = closed[removalBatch] else { return }
    note("batch \(removalBatch) decides")
    isDeciding = true
    let before = removalGuard.allowed[.people] ?? []
    let bound = Dictionary(uniqueKeysWithValues: keys.map { ($0, bonds(of: $0, besides: removalBatch)) })
    removalGuard.forgetCounts()
    do throws(EngineError) { try await removalGuard.decide(removalBatch, epoch: epoch) } catch { fail("\(error)") }
    for key in (removalGuard.allowed[.people] ?? []).subtracting(before) { boundAtDecision[key] = bound[key] }
    note("batch \(removalBatch) has decided: \((removalGuard.allowed[.people] ?? []).sorted())")
    undecided.remove(removalBatch)
    closed[removalBatch] = nil
    dispatcher.queue.epochs.leave(epoch)
    isDeciding = false
  }

  // MARK: The end

  /// (b) When everything has been looked at and decided, nobody is left whose row is gone, and no epoch is open.
  private func finish() async {
    isCalm = true
    note("the end")
    for other in others { close(other) }
    for _ in 0..<2000 where faults.isEmpty {
      look()
      while !windows.isEmpty { readPage() }
      take()
      await plan()
      end()
      await decide()
      checkWatermark()
      if !closed.isEmpty || !turns.isEmpty || dispatcher.queue.backlog > 0 { continue }
      if parked.isEmpty { break }
      for key in parked.sorted() { dispatcher.add(key, .retry) }
    }
    for key in keys where isOwed(key) { fail("\(key) is lost") }
    if !closed.isEmpty || dispatcher.queue.unsettled > 0 {
      fail("\(closed) are not decided, and \(dispatcher.queue.unsettled) keys are not settled")
    }
    let last = dispatcher.queue.epochs.close()
    checkWatermark()
    if settledUpTo != last { fail("only the epochs up to \(settledUpTo) of \(last) have settled") }
    do throws(EngineError) {
      let charged = try await charged()
      if charged.count > least { fail("\(charged) are charged") }
      if !removed.isSubset(of: charged) { fail("\(removed.subtracting(charged)) are removed and not charged") }
    } catch {
      fail("\(error)")
    }
  }
}
