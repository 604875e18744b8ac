import LDAPModel
import RollcallCore
import Testing

/// PostgreSQL's text output as attribute values.
@Suite struct ColumnDecoderTests {
  private func decode(_ text: String?, _ oid: UInt32) throws -> [String] {
    try ColumnDecoder.values(text.map { Array($0.utf8) }, oid: oid).map { $0.text ?? "\($0.bytes)" }
  }

  @Test(
    arguments: [
      (nil, 25, []), ("", 25, []), ("Ann", 25, ["Ann"]), (" ", 25, [" "]), ("日本", 1043, ["日本"]),
      ("17", 23, ["17"]),
      ("1.50", 1700, ["1.50"]), ("2024-01-02 03:04:05", 1114, ["2024-01-02 03:04:05"]),
      ("t", 16, ["TRUE"]), ("f", 16, ["FALSE"]), (nil, 16, []), ("ab   ", 1042, ["ab"]), ("     ", 1042, []),
      ("{}", 25, ["{}"]), ("weiß ich nicht", 99999, ["weiß ich nicht"]),
    ] as [(String?, UInt32, [String])])
  func scalars(text: String?, oid: UInt32, values: [String]) throws {
    #expect(try decode(text, oid) == values)
  }

  @Test(
    arguments: [
      ("{}", 1009, []), ("{a,b}", 1009, ["a", "b"]), ("{a,NULL,b}", 1009, ["a", "b"]),
      ("{\"NULL\"}", 1009, ["NULL"]),
      ("{null}", 1009, ["null"]), ("{\"\",a}", 1009, ["a"]),
      (#"{"a,b","c\"d","e\\f","{g}"," h "}"#, 1009, ["a,b", "c\"d", "e\\f", "{g}", " h "]),
      ("{{a,b},{c,NULL}}", 1009, ["a", "b", "c"]), ("[2:3]={x,y}", 1015, ["x", "y"]),
      ("[0:1][1:1]={{x},{y}}", 1009, ["x", "y"]), ("{1,2}", 1007, ["1", "2"]),
      ("{t,f,NULL}", 1000, ["TRUE", "FALSE"]),
      ("{\"ab  \",c}", 1014, ["ab", "c"]), (#"{"\\x6162"}"#, 1001, ["ab"]),
      (#"{"2024-01-02 03:04:05+00"}"#, 1185, ["20240102030405Z"]), ("{a b,c}", 1009, ["a b", "c"]),
      ("{\"\u{FC}\n\"}", 1009, ["\u{FC}\n"]),
    ] as [(String, UInt32, [String])])
  func arrays(text: String, oid: UInt32, values: [String]) throws {
    #expect(try decode(text, oid) == values)
  }

  @Test func arraysOfTypesMadeByUsers() throws {
    let values = try ColumnDecoder.values(Array("{a,\"b c\"}".utf8), type: .array(of: .text))
    #expect(values == ["a", "b c"])
  }

  @Test(arguments: ["{", "{a", "{a}b", "a", "{\"a", "{\"a\\", "{a{b}}", "[1:2]", "{a\"b\"}", "}"])
  func brokenArrays(text: String) {
    #expect(throws: UndecodableValue.self) { try decode(text, 1009) }
  }

  @Test func octets() throws {
    #expect(
      try ColumnDecoder.values(Array("\\x00ff7f".utf8), oid: 17) == [AttributeValue(bytes: [0, 255, 127])])
    #expect(try ColumnDecoder.values(Array("\\x".utf8), oid: 17) == [])
    for text in ["\\000", "abc", "\\x0", "\\xzz", "\\xAB"] {
      #expect(throws: UndecodableValue.self) { try decode(text, 17) }
    }
  }

  @Test(arguments: [
    ("2024-01-02 03:04:05.678+00", "20240102030405.678Z"), ("2024-01-02 03:04:05+00", "20240102030405Z"),
    ("0001-01-01 00:00:00+00", "00010101000000Z"),
    ("9999-12-31 23:59:59.999999+00", "99991231235959.999999Z"),
    ("2024-01-02 03:04:05+02", "20240102010405Z"), ("2024-03-01 00:30:00.25+05:30", "20240229190000.25Z"),
    ("2023-12-31 22:00:00-03:30", "20240101013000Z"), ("1890-01-01 00:00:00+00:53:28", "18891231230632Z"),
  ])
  func times(text: String, value: String) throws {
    #expect(try decode(text, 1184) == [value])
  }

  @Test(arguments: [
    ("infinity", "infinite"), ("-infinity", "infinite"), ("0044-03-15 00:00:00+00 BC", "before the year 1"),
    ("10000-01-01 00:00:00+00", "9999"), ("9999-12-31 23:00:00-02", "9999"),
    ("0001-01-01 00:00:00+01", "9999"), ("2024-01-02 03:04:05+2", "DateStyle"), ("01/02/2024 03:04:05+00", "DateStyle"),
    ("2024-01-02+00", "DateStyle"),
  ])
  func timesThatLDAPCannotSay(text: String, word: String) throws {
    let error = #expect(throws: UndecodableValue.self) { try decode(text, 1184) }
    #expect(error?.description.contains(word) == true)
    #expect(error?.description.contains("2024") == false)
  }
}
