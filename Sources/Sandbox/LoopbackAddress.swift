internal import Glibc

/// Addresses of this machine's loopback interface, for servers with fixed ports: each gets an address of its own, so
/// that several can run concurrently, and beside the machine's own server on 127.0.0.1.
enum LoopbackAddress {
  /// An address of 127.0.0.0/8 on which all these ports are free.
  /// - Throws: `SandboxError.unusable` with the reason if there is none.
  static func next(withFree ports: [Int], for server: String) throws(SandboxError) -> String {
    var last: SandboxError?
    for _ in 0..<20 {
      let parts = (0..<3).map { _ in Int.random(in: 16..<240) }
      let address = "127.\(parts[0]).\(parts[1]).\(parts[2])"
      guard let obstacle = obstacle(address, ports, server) else { return address }
      last = obstacle
    }
    throw last ?? .unusable(server: server, reason: "no free address")
  }

  /// Why these ports are unavailable on any address; nil if no reason is known.
  static func obstacle(toPorts ports: [Int], for server: String) -> SandboxError? {
    obstacle("127.0.16.16", ports, server)
  }

  private static func obstacle(_ address: String, _ ports: [Int], _ server: String) -> SandboxError? {
    for port in ports {
      do throws(SandboxError) {
        let socket = try LoopbackSocket()
        defer { socket.close() }
        try socket.bind(to: port, of: address)
      } catch .system(_, EADDRINUSE) {
        return .unusable(
          server: server,
          reason: "its ports are fixed, and something listens on port \(port) of every address "
            + "(`ss -ltnp 'sport = \(port)'` says what): stop it while the tests run")
      } catch .system(_, EACCES) {
        return .unusable(
          server: server,
          reason:
            "its ports are fixed, and port \(port) is open to root only: run the tests as root, or allow it "
            + "with `sysctl net.ipv4.ip_unprivileged_port_start=\(port)`")
      } catch {
        return error
      }
    }
    return nil
  }
}
