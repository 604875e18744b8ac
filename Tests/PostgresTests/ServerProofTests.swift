import Postgres
import Testing

@Suite struct ServerProofTests {
  @Test(
    "Hosts beyond this machine need a proof that they are the right ones",
    arguments: [
      ("host=db user=u", ["db"]),
      ("host=db sslmode=require", ["db"]),
      ("host=db sslmode=verify-ca", ["db"]),
      ("host=db sslmode=verify-full", []),
      ("host=db channel_binding=require", []),
      ("postgresql://u:p%40ss@db.example.com/hr", ["db.example.com"]),
      ("postgresql://u@db.example.com/hr?sslmode=verify-full", []),
      ("host=localhost", []),
      ("host=127.0.0.1", []),
      ("host=127.evil.example.com", ["127.evil.example.com"]),
      ("host=::1", []),
      ("host=/run/postgresql", []),
      ("host=@abstract", []),
      ("host=localhost,db,/tmp", ["db"]),
      // The address goes before the name, which is only what the certificate has to show.
      ("host=localhost hostaddr=192.0.2.7", ["192.0.2.7"]),
      ("host=db hostaddr=127.0.0.1", []),
      ("dbname=hr host=''", []),
    ])
  func unproven(_ conninfo: String, _ hosts: [String]) throws {
    #expect(try ConnectionOptions(conninfo, applicationName: "test").unprovenHosts == hosts)
  }
}
