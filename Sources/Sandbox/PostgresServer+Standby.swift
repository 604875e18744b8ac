extension PostgresServer {
  /// Starts a standby of this server that follows it by streaming; it answers when this returns.
  ///
  /// - Parameter port: where it finds this server: that of a proxy by which replication can be cut.
  /// - Throws: `SandboxError`.
  public nonisolated func startStandby(through port: Int) async throws -> PostgresServer {
    try await FreePort.untilFree { own in
      let standby = PostgresServer(
        installation: installation, folder: folder, home: try folder.makeSubfolder("postgres"), port: own)
      try await installation.own(standby.home)
      var copy = installation.command(
        "pg_basebackup",
        [
          "--pgdata", standby.data, "--dbname", conninfo(port: port), "--write-recovery-conf", "--wal-method", "stream",
          "--checkpoint", "fast", "--no-sync",
        ])
      copy.workingDirectory = standby.home
      _ = try await copy.run()
      // The last setting of a name counts.
      try standby.append(
        "port = \(own)\nunix_socket_directories = \(Self.quoted(standby.socketFolder))\n",
        to: standby.data + "/postgresql.conf")
      try await standby.start()
      return standby
    }
  }

  /// Makes a standby a server of its own; it takes writes when this returns.
  public nonisolated func promote() async throws {
    try await psql("SELECT pg_promote()")
    try await eventually(within: .seconds(30), "the standby is promoted") {
      try await psql("SELECT pg_is_in_recovery()") == "f"
    }
  }

  /// Has a standby take this server's place at its address, promoted, as behind an address that moves: what the standby
  /// has not received is lost. This server takes writes again when this returns.
  ///
  /// - Parameter standby: one of this server's; it is gone afterwards.
  /// - Throws: `SandboxError`.
  public nonisolated func giveWay(to standby: PostgresServer) async throws {
    try await kill()
    await standby.stop()
    _ = try await Command("rm", ["-rf", data]).run(within: .seconds(60))
    _ = try await Command("mv", [standby.data, data]).run()
    try append(
      "port = \(port)\nunix_socket_directories = \(Self.quoted(socketFolder))\n", to: data + "/postgresql.conf")
    try await start()
    try await promote()
  }

  /// Waits until a standby has replayed all that this server has written.
  public nonisolated func caughtUp(_ standby: PostgresServer) async throws {
    let written = try await psql("SELECT pg_current_wal_lsn()")
    try await eventually(within: .seconds(30), "the standby has caught up") {
      try await standby.psql("SELECT pg_last_wal_replay_lsn() >= '\(written)'") == "t"
    }
  }
}
