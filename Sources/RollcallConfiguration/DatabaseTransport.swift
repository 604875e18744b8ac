internal import Postgres

extension Configuration {
  /// A warning where the way to the database proves nothing about who answers; nil where all is well.
  package var transportWarning: Finding? {
    guard let options = try? ConnectionOptions(source.connection.text, applicationName: "rollcall") else { return nil }
    let hosts = options.unprovenHosts
    if hosts.isEmpty { return nil }
    return Finding(
      .warning, place(of: "source.connection"),
      "nothing proves that \(hosts.joined(separator: ", ")) is the right server: a password goes in clear to whoever "
        + "answers and says that it has no TLS",
      remedy: "add sslmode=verify-full (with sslrootcert), or channel_binding=require")
  }
}
