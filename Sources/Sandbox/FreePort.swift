internal import Glibc
internal import Synchronization

/// Unused ports of 127.0.0.1.
public enum FreePort {
  /// Below Linux's range for outgoing connections (32768 and up), so that a client does not take the port of a server
  /// that is down for a moment.
  private static let range: Range<Int> = 15000..<32000
  private static let given = Mutex<Set<Int>>([])

  /// A port that is free now and was not returned before by this process.
  /// - Throws: `SandboxError.timedOut` if a thousand attempts found none.
  public static func next() throws -> Int {
    for _ in 0..<1000 {
      let port = Int.random(in: range)
      let isNew = given.withLock { $0.insert(port).inserted }
      if isNew, isFree(port) { return port }
    }
    throw SandboxError.timedOut(
      waitingFor: "a free port in \(range)", limit: .zero, lastSeen: "1000 ports that are taken")
  }

  /// Starts a server on a free port; on another one if that was taken in between.
  static func untilFree<Server>(_ start: (Int) async throws -> Server) async throws -> Server {
    for _ in 0..<5 {
      do {
        return try await start(try next())
      } catch SandboxError.ended(_, _, let output) where output.contains("Address already in use") {
        continue
      }
    }
    return try await start(try next())
  }

  private static func isFree(_ port: Int) -> Bool {
    guard let socket = try? LoopbackSocket() else { return false }
    defer { socket.close() }
    return (try? socket.bind(to: port)) != nil
  }
}
