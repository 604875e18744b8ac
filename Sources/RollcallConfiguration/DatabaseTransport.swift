internal import Postgres

extension Configuration {
  /// A warning if the connection does not authenticate the database server; nil if it does.
  package var transportWarning: Finding? {
    guard let options = try? ConnectionOptions(source.connection.text, applicationName: "rollcall") else { return nil }
    let hosts = options.unprovenHosts
    if hosts.isEmpty { return nil }
    return Finding(
      .warning, place(of: "source.connection"),
      "the identity of \(hosts.joined(separator: ", ")) is not verified: another server that answers in its place "
        + "and offers no TLS receives the password in clear text",
      remedy: "add sslmode=verify-full (with sslrootcert), or channel_binding=require")
  }
}
