import Foundation

extension Site {
  /// Inserts a row of the journal as the daemon does, given its columns as SQL; returns its id.
  @discardableResult
  func journal(_ action: String, _ columns: [String: String] = [:]) async throws -> Int {
    var all = ["directory": "'\(name)'", "action": "'\(action)'", "outcome": "'done'"]
    all.merge(columns) { $1 }
    let names = all.keys.sorted()
    let id = try await sql(
      "INSERT INTO rollcall.journal (\(names.joined(separator: ", "))) VALUES "
        + "(\(names.compactMap { all[$0] }.joined(separator: ", "))) RETURNING id")
    return Int(id.split(separator: "\n").first ?? "") ?? 0
  }
}

/// One line of `history --json`.
struct HistoryLine: Decodable, Equatable {
  struct Change: Decodable, Equatable {
    var removed: [Value]?
    var added: [Value]?
  }

  enum Value: Decodable, Equatable, ExpressibleByStringLiteral {
    case text(String)
    case digest(size: Int?)

    init(stringLiteral text: String) { self = .text(text) }

    init(from decoder: any Decoder) throws {
      struct Digest: Decodable { var size: Int? }
      if let text = try? decoder.singleValueContainer().decode(String.self) {
        self = .text(text)
      } else {
        self = .digest(size: try Digest(from: decoder).size)
      }
    }
  }

  var id: Int
  var at: String
  var key: String?
  var dn: String?
  var newDn: String?
  var action: String
  var outcome: String
  var intent: Int?
  var cause: String?
  var xid: String?
  var lagMs: Double?
  var changes: [String: Change]?
  var code: Int?
  var message: String?
  var actor: String?
  var because: String?

  /// The lines of an output.
  static func parse(_ text: String) throws -> [HistoryLine] {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .custom { path in
      let name = path.last?.stringValue ?? ""
      return Name(["new_dn": "newDn", "lag_ms": "lagMs"][name] ?? name)
    }
    return try text.split(separator: "\n").map { try decoder.decode(HistoryLine.self, from: Data($0.utf8)) }
  }

  private struct Name: CodingKey {
    var stringValue: String
    var intValue: Int? { nil }
    init(_ text: String) { stringValue = text }
    init?(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }
}

extension Site {
  /// Writes a row with the key `late` in a transaction that ends when there is a row with the key `go`; returns when the
  /// transaction has begun.
  func lateTransaction() async throws -> Task<String, any Error> {
    let late = Task {
      try await sql(
        """
        BEGIN; INSERT INTO rollcall.journal (directory, key, action, outcome) VALUES ('\(name)', 'late', 'update', 'done');
        DO $$ BEGIN FOR i IN 1..2400 LOOP
          EXIT WHEN EXISTS (SELECT FROM rollcall.journal WHERE directory = '\(name)' AND key = 'go');
          PERFORM pg_sleep(0.05);
        END LOOP; END $$; COMMIT; NOTIFY rollcall_journal, '\(name)'
        """)
    }
    try await soon("the transaction is open") {
      try await sql(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = '\(name)' AND backend_xid IS NOT NULL AND pid <> pg_backend_pid()"
      ) == "1"
    }
    return late
  }
}
