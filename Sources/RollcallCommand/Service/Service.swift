internal import Glibc
internal import Logging
internal import Reactor
internal import RollcallAdministration
internal import RollcallConfiguration
internal import RollcallEngine

/// `rollcall run`: a daemon, and after each SIGHUP another one with the configuration as the file has it then.
///
/// The new one has been tried before the former one ends: its configuration is of the same people and entries, both
/// servers answer, and the mapping fits. Otherwise the former one goes on.
@Reactor
final class Service {
  private let setting: GlobalOptions.Setting
  private let supervisor: Supervisor?
  private var configuration: Configuration
  private var daemon: Daemon
  /// What follows when the daemon has ended.
  private var next: (configuration: Configuration, daemon: Daemon)?
  private var isReloading = false
  private var reloadsAgain = false
  private var isEnding = false
  private var lastStatus = ""

  init(_ setting: GlobalOptions.Setting) throws {
    self.setting = setting
    supervisor = Supervisor(setting.environment)
    configuration = setting.configuration
    daemon = Daemon(try Service.engine(configuration, setting.logger))
    inform(of: daemon)
  }

  /// Runs until it is told to end.
  func run() async throws {
    supervisor?.keepInformed()
    let signals = Signals(hangUp: { [weak self] in self?.reload() }, end: { [weak self] in self?.end() })
    defer { signals.cancel() }
    while true {
      do {
        try await daemon.run()
      } catch {
        if next == nil || isEnding { throw error }
        setting.logger.error("ended", metadata: ["error": "\(error)"])
      }
      guard let next, !isEnding else { return }
      (configuration, daemon) = next
      self.next = nil
      setting.logger.notice("configuration reloaded", metadata: ["configuration": "\(configuration.file)"])
      if reloadsAgain { reload() }
    }
  }

  private func end() {
    isEnding = true
    supervisor?.tell([("STOPPING", "1")])
    daemon.stop()
  }

  // MARK: Reloading

  private func reload() {
    if isEnding { return }
    // What the file says at the last signal counts.
    if isReloading || next != nil {
      reloadsAgain = true
      return
    }
    isReloading = true
    reloadsAgain = false
    Reactor.task {
      await self.takeUp()
      self.isReloading = false
      if self.reloadsAgain, self.next == nil { self.reload() }
    }
  }

  private func takeUp() async {
    supervisor?.tell([("RELOADING", "1"), ("MONOTONIC_USEC", Service.monotonic)])
    do {
      let configuration = try setting.whole()
      if let refusal = configuration.refusal(toReplace: self.configuration) { throw Complaint(refusal.description) }
      let engine = try Service.engine(configuration, setting.logger)
      do {
        try await engine.rehearse()
      } catch {
        engine.close()
        throw error
      }
      if isEnding { return engine.close() }
      GlobalOptions.Setting.warn(of: configuration, setting.logger)
      let successor = Daemon(engine, after: daemon)
      inform(of: successor)
      next = (configuration, successor)
      daemon.stop()
    } catch {
      setting.logger.error(
        "configuration not reloaded",
        metadata: ["error": "\(error)", "what_now": "the daemon goes on with the configuration that it has"])
      if daemon.hasBeenReady { supervisor?.tell([("READY", "1")]) }
    }
  }

  private func inform(of daemon: Daemon) {
    daemon.onStatus = { [weak self] status in
      guard let self, status != lastStatus else { return }
      supervisor?.tell([("STATUS", status)])
      lastStatus = status
    }
    daemon.onReady = { [weak self] in self?.supervisor?.tell([("READY", "1")]) }
  }

  private static func engine(_ configuration: Configuration, _ logger: Logger) throws -> Engine {
    let engine = try Engine(configuration, logger: logger)
    engine.answerCommands()
    engine.count(as: Version.text)
    return engine
  }

  /// Microseconds of CLOCK_MONOTONIC, which `RELOADING=1` needs beside it (sd_notify(3)).
  private static var monotonic: String {
    var now = timespec()
    _ = unsafe clock_gettime(CLOCK_MONOTONIC, &now)
    return "\(Int64(now.tv_sec) * 1_000_000 + Int64(now.tv_nsec) / 1000)"
  }
}
