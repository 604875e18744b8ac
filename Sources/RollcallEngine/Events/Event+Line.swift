internal import LDAPModel
internal import Logging
internal import RollcallCore
internal import RollcallLedger

extension Event {
  /// The log level: `info` and above is meant for administrators.
  var level: Logger.Level {
    switch self {
    case .applied(_, _, let isBulk): isBulk ? .debug : .info
    case .parked(_, _, let isNews): isNews ? .warning : .debug
    case .held, .breakerOpened, .comparisonFailed, .lockHeldByStranger: .error
    case .paused, .waitingForDatabase, .entriesOutsideBase, .serverTakesNoWrites, .forgedNotification, .warning:
      .warning
    case .lookingAgain: .info
    case .problem(_, _, _, let isAdvisory): isAdvisory ? .notice : .error
    case .failed(let activity, _): activity.level
    case .batchEnded: .trace
    case .released, .pinned, .unpinned, .breakerClosed, .mappingWorks, .comparing, .comparisonDeferred, .compared,
      .leading, .standingBy,
      .askingLeader,
      .tookOver, .resumed, .readingAgain, .problemOver:
      .notice
    }
  }

  /// The log line of the event; nil if it is not logged.
  var line: (message: String, fields: [(name: String, value: String)])? {
    switch self {
    case .applied(let step, let after, _): ("applied", Event.fields(step, after))
    case .batchEnded: nil
    case .parked(let key, let problem, _):
      ("parked", [("key", key.text), ("reason", problem.reason.rawValue), ("message", "\(problem.message)")])
    case .held(let removals, let reason):
      ("removals held", Event.fields(removals.map(\.key)) + [("why", reason.explanation)])
    case .released(let keys, let isTakeover):
      (isTakeover ? "takeovers released" : "removals released", Event.fields(keys))
    case .pinned(let keys): ("pinned", Event.fields(keys))
    case .unpinned(let keys): ("unpinned", Event.fields(keys))
    case .breakerOpened(let problem):
      ("the directory refuses every key; trying keys one at a time", [("error", "\(problem)")])
    case .breakerClosed: ("the directory accepts changes again", [])
    case .mappingWorks: ("the mapping works again", [])
    case .comparing(let reason): ("comparing everybody", [("why", reason)])
    case .comparisonDeferred(let reason, let delay):
      ("comparing everybody later", [("why", reason), ("in", "\(delay)")])
    case .compared(let entries, let time):
      ("compared everybody", [("entries", "\(entries)"), ("ms", "\(time.milliseconds)")])
    case .comparisonFailed(let error): ("the full comparison failed", [("error", error)])
    case .leading(let directory, let isFirst): (isFirst ? "connected, leading" : "leading", [("directory", directory)])
    case .standingBy: ("standing by: another process leads this directory, which rollcall status names", [])
    case .askingLeader: ("a daemon leads this directory; asking it", [])
    case .tookOver(let leader): ("taking over from a process that did not end cleanly", [("leader", leader)])
    case .lockHeldByStranger(let holder, let fix):
      ("another program holds the leader's lock; using another lock", [("holder", holder), ("fix", fix)])
    case .paused(let reason): ("paused", [("error", reason)])
    case .resumed(let time): ("resumed", [("after", "\(time.components.seconds) s")])
    case .waitingForDatabase(let error): ("waiting for PostgreSQL", [("error", error)])
    case .entriesOutsideBase(let name, let count):
      (
        "the directory returns entries that are not below the base; they are ignored",
        [("dn", name.text), ("count", "\(count)")]
      )
    case .lookingAgain(let keys): ("checking the last confirmed writes again", [("keys", "\(keys)")])
    case .serverTakesNoWrites(let url, let error, let goesOn):
      ("the server takes no writes", [("url", url), ("error", error), ("goesOn", "\(goesOn)")])
    case .forgedNotification:
      (
        "a notification names changes that are not in the log",
        [
          ("why", "another program notifies on the channel rollcall, or notifications and rows come from two servers"),
          (
            "fix",
            "unless PostgreSQL has just failed over, check who may connect to this database; no change is lost"
          ),
        ]
      )
    case .readingAgain: ("reading the change log again from the stored watermark", [])
    case .warning(let message, let place, let fix):
      (message, [("place", place), ("fix", fix)].compactMap { name, value in value.map { (name, $0) } })
    case .problem(let code, let message, let fix, _):
      ("problem", [("code", code), ("what", message)] + (fix.map { [("fix", $0)] } ?? []))
    case .problemOver(let code): ("problem resolved", [("code", code)])
    case .failed(let activity, let error): (activity.text, [("error", error)])
    }
  }

  /// The names of a step, never its values.
  private static func fields(_ step: Step, _ after: Duration?) -> [(name: String, value: String)] {
    var fields = [
      ("key", step.key.text), ("dn", step.newDN?.text ?? step.operation.dn.text), ("what", step.what.rawValue),
    ]
    if let old = step.oldDN { fields.append(("from", old.text)) }
    if case .modify(_, let modifications) = step.operation {
      var seen: Set<String> = []
      let names = modifications.map(\.attribute).filter { seen.insert($0.lowercased()).inserted }
      fields.append(("attributes", names.joined(separator: ",")))
    }
    if let after { fields.append(("ms", "\(after.milliseconds)")) }
    return fields
  }

  /// The number of keys, and the keys themselves or the first of many.
  private static func fields(_ keys: [RosterKey]) -> [(name: String, value: String)] {
    let most = 50
    let first = keys.prefix(most).map(\.text).joined(separator: " ")
    return [
      ("count", "\(keys.count)"), ("keys", first + (keys.count > most ? " and \(keys.count - most) more" : "")),
    ]
  }
}

extension Event.Activity {
  fileprivate var level: Logger.Level {
    switch self {
    case .listening, .readingTheLog, .readingDates, .findingPeople, .pruning: .warning
    case .connecting, .lookingAtTriggers, .notingTheState, .storingProblems: .debug
    }
  }

  fileprivate var text: String {
    switch self {
    case .connecting: "trying again"
    case .listening: "not listening"
    case .readingTheLog: "could not read the change log"
    case .readingDates: "could not look for rows whose dates have passed"
    case .findingPeople: "could not find the people whom changes concern"
    case .pruning: "could not prune the change log"
    case .lookingAtTriggers: "could not look at the triggers"
    case .notingTheState: "could not store the state"
    case .storingProblems: "could not store the problems"
    }
  }
}
