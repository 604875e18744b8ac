internal import Logging
internal import Reactor
package import RollcallLedger

extension Engine {
  /// A separate engine for the same directory, with sessions and state of its own. It logs nothing, and serves to look
  /// something up while work goes on.
  package func aside() throws(EngineError) -> Engine {
    try Engine(configuration, logger: Logger(label: "rollcall") { _ in SwiftLogNoOpLogHandler() })
  }
}
