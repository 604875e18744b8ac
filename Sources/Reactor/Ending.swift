internal import Glibc

extension Reactor {
  /// Ends the process at once, without the exit handlers of libraries.
  ///
  /// Other threads may be at work: libpq, making a connection, uses data that OpenSSL's handler frees
  /// (OPENSSL_init_crypto(3), OPENSSL_cleanup). Output has to be written by then.
  ///
  /// - Parameter code: the exit status.
  public nonisolated static func end(_ code: Int32) -> Never { _exit(code) }
}
