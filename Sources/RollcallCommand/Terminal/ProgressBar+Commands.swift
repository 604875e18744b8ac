internal import Reactor
internal import RollcallAdministration
internal import RollcallConfiguration
internal import RollcallEngine

/// The progress of commands that take long if there are many people.
extension ProgressBar {
  /// For an engine of this process that compares, or plans for, all people.
  static func of(_ engine: Engine, _ options: GlobalOptions, _ environment: [String: String]) -> ProgressBar? {
    let meter = ReadingMeter()
    let bar = ProgressBar(options, environment) { [weak engine] in
      switch meter.phase {
      case .comparing: return Work(what: "comparing", done: meter.done, total: meter.total, isAbout: true)
      case .planning: return Work(what: "planning", done: meter.done, total: meter.total)
      case .writing:
        guard let engine else { return nil }
        let waiting = counted(engine.waiting, "key")
        return Work(what: "writing", done: engine.dispatcher.appliedSteps, more: "\(waiting) to go")
      }
    }
    if bar != nil { engine.meter = meter }
    return bar
  }

  /// For work of the leading daemon: the elapsed time, and its backlog.
  static func ofLeader(
    _ configuration: Configuration, _ options: GlobalOptions, _ environment: [String: String]
  ) -> ProgressBar? {
    let backlog = LeaderBacklog(configuration)
    let bar = ProgressBar(options, environment) {
      backlog.look()
      return Work(what: "waiting for the daemon", more: backlog.count.map { "\(counted($0, "key")) to go" } ?? "")
    }
    bar?.onEnd = { backlog.close() }
    return bar
  }
}
