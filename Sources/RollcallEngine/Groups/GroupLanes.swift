internal import LDAP
internal import Reactor
internal import RollcallCore
internal import RollcallLedger

/// The result of one change of one group.
enum GroupOutcome: Sendable {
  /// The steps that the directory confirmed; none if nothing had to be changed.
  case done([Step])
  case refused(Step, LDAPError)
  case impossible(Problem)
  /// A side was lost.
  case trouble(EngineError)
}

/// A queue for each group: many people's passes change it, and one operation at a time writes it.
///
/// Changes that arrive while one is in progress are combined in the next.
@Reactor @safe
final class GroupLanes {
  private struct Job {
    var change: GroupChange
    var lane: DirectoryLink.Lane
    var completion: @Reactor (GroupOutcome) -> Void
  }

  private let writer: GroupWriter
  private var queues: [GroupName: [Job]] = [:]
  /// Groups that are being written.
  private var busy: Set<GroupName> = []
  /// Other writes of a group, which are made alone.
  private var others: [GroupName: [@Reactor () async -> Void]] = [:]

  init(_ writer: GroupWriter) { self.writer = writer }

  /// Applies changes, groups concurrently, and returns one outcome per change, in order, when all have ended.
  func apply(_ changes: [GroupChange], _ lane: DirectoryLink.Lane) async -> [GroupOutcome] {
    if changes.isEmpty { return [] }
    return unsafe await withUnsafeContinuation { continuation in
      var outcomes: [GroupOutcome] = changes.map { _ in .done([]) }
      var open = changes.count
      for (index, change) in changes.enumerated() {
        enter(
          Job(change: change, lane: lane) { outcome in
            outcomes[index] = outcome
            open -= 1
            if open == 0 { unsafe continuation.resume(returning: outcomes) }
          })
      }
    }
  }

  /// Applies steps that do not concern members, one per group, while nothing else writes the group.
  ///
  /// - Returns: the server's refusal of each; nil where there was none.
  func apply(_ steps: [(group: GroupName, step: Step)], through lane: WriteLane) async -> [LDAPError?] {
    if steps.isEmpty { return [] }
    return unsafe await withUnsafeContinuation { continuation in
      var refusals: [LDAPError?] = steps.map { _ in nil }
      var open = steps.count
      for (index, (group, step)) in steps.enumerated() {
        others[group, default: []].append {
          refusals[index] = await lane.apply([Plan.Sequence(steps: [step])]).first?.failure
          open -= 1
          if open == 0 { unsafe continuation.resume(returning: refusals) }
        }
        begin(group)
      }
    }
  }

  private func enter(_ job: Job) {
    queues[job.change.group, default: []].append(job)
    begin(job.change.group)
  }

  /// Starts working on a group's queue, unless that is being done.
  private func begin(_ group: GroupName) {
    if busy.insert(group).inserted { Reactor.task { await self.drain(group) } }
  }

  private func drain(_ group: GroupName) async {
    while true {
      for other in others.removeValue(forKey: group) ?? [] { await other() }
      let jobs = queues.removeValue(forKey: group) ?? []
      if jobs.isEmpty, others[group] == nil { break }
      if jobs.isEmpty { continue }
      let outcomes = await write(jobs, group)
      for (job, outcome) in zip(jobs, outcomes) { job.completion(outcome) }
    }
    busy.remove(group)
  }

  private func write(_ jobs: [Job], _ group: GroupName) async -> [GroupOutcome] {
    let lane: DirectoryLink.Lane = jobs.contains { $0.lane == .fast } ? .fast : .bulk
    // A new group gets the spelling of the first key that is to be added.
    let name = jobs.first { !$0.change.added.isEmpty }?.change.group ?? group
    do throws(EngineError) { return try await writer.write(jobs.map(\.change), to: name, lane) } catch {
      // The server's refusal concerns only this group.
      if let refusal = error.refusalOfObject { return jobs.map { .refused(writer.step($0.change), refusal) } }
      return jobs.map { _ in .trouble(error) }
    }
  }
}
