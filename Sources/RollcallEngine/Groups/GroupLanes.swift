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

  private func enter(_ job: Job) {
    let group = job.change.group
    if queues[group] != nil {
      queues[group]?.append(job)
    } else {
      queues[group] = [job]
      Reactor.task { await self.drain(group) }
    }
  }

  private func drain(_ group: GroupName) async {
    while let jobs = queues[group], !jobs.isEmpty {
      queues[group] = []
      let outcomes = await write(jobs, group)
      for (job, outcome) in zip(jobs, outcomes) { job.completion(outcome) }
    }
    queues[group] = nil
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
