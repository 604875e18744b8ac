internal import Logging
internal import Reactor
package import RollcallLedger

extension Engine {
  /// An engine for the same directory with sessions and a state of its own, which logs nothing; to look at something
  /// beside the work.
  package func aside() throws(EngineError) -> Engine {
    try Engine(configuration, logger: Logger(label: "rollcall") { _ in SwiftLogNoOpLogHandler() })
  }
}
