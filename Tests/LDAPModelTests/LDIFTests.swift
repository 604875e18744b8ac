import LDAPModel
import Testing

struct LDIFTests {
  @Test func add() {
    let operation = Operation.add(
      "cn=Barbara Jensen,dc=example,dc=com",
      [
        Attribute("objectClass", ["top", "person"]), Attribute("cn", ["Barbara Jensen"]),
        Attribute("description", ["", " lead", "trail ", ":colon", "<less", "ümläüt", "a\nb", "a:b<c #d"]),
        Attribute("userCertificate;binary", [AttributeValue(bytes: [0, 1, 0xFF])]),
      ])
    #expect(
      LDIF.change(operation) == """
        dn: cn=Barbara Jensen,dc=example,dc=com
        changetype: add
        objectClass: top
        objectClass: person
        cn: Barbara Jensen
        description:
        description:: IGxlYWQ=
        description:: dHJhaWwg
        description:: OmNvbG9u
        description:: PGxlc3M=
        description:: w7xtbMOkw7x0
        description:: YQpi
        description: a:b<c #d
        userCertificate;binary:: AAH/


        """)
  }

  /// RFC 2849 example 6, apart from its spaces.
  @Test func modifyRenameDelete() {
    let dn: DistinguishedName = "cn=Paula Jensen,ou=Product Development,dc=airius,dc=com"
    #expect(
      LDIF.change(
        .modify(
          dn,
          [
            Modification(.add, "postaladdress", ["123 Anystreet $ Sunnyvale, CA $ 94086"]),
            Modification(.delete, "description"),
            Modification(.replace, "telephonenumber", ["+1 408 555 1234", "+1 408 555 5678"]),
            Modification(.delete, "facsimiletelephonenumber", ["+1 408 555 9876"]),
          ])) == """
          dn: cn=Paula Jensen,ou=Product Development,dc=airius,dc=com
          changetype: modify
          add: postaladdress
          postaladdress: 123 Anystreet $ Sunnyvale, CA $ 94086
          -
          delete: description
          -
          replace: telephonenumber
          telephonenumber: +1 408 555 1234
          telephonenumber: +1 408 555 5678
          -
          delete: facsimiletelephonenumber
          facsimiletelephonenumber: +1 408 555 9876
          -


          """)
    #expect(
      LDIF.change(
        .rename("uid=a,dc=x", to: .init("uid", "b,c"), deleteOld: true, newParent: "ou=y,dc=x")) == #"""
          dn: uid=a,dc=x
          changetype: modrdn
          newrdn: uid=b\,c
          deleteoldrdn: 1
          newsuperior: ou=y,dc=x


          """#)
    #expect(
      LDIF.change(.rename("uid=ä,dc=x", to: .init("uid", "b"), deleteOld: false, newParent: nil)) == """
        dn:: dWlkPcOkLGRjPXg=
        changetype: modrdn
        newrdn: uid=b
        deleteoldrdn: 0


        """)
    #expect(LDIF.change(.delete("uid=a,dc=x")) == "dn: uid=a,dc=x\nchangetype: delete\n\n")
  }

  @Test func foldsAt76() {
    let text = LDIF.entry(
      Entry("dc=x", [Attribute("description", [AttributeValue(String(repeating: "0123456789", count: 20))])]))
    let lines = text.split(separator: "\n")
    #expect(lines.map(\.count) == [8, 76, 76, 63])
    #expect(lines[2].first == " " && lines[3].first == " ")
    let exact = LDIF.entry(
      Entry("dc=x", [Attribute("cn", [AttributeValue(String(repeating: "x", count: 72))])]))
    #expect(exact.split(separator: "\n").map(\.count) == [8, 76])
  }

  @Test func secretsAreMasked() {
    let secret: AttributeValue = "{SSHA}hunter2"
    let attributes = [
      Attribute("UserPassword;x-old", [secret, "hunter2"]), Attribute("unicodePwd", ["hunter2"]),
      Attribute("2.5.4.35;x-old", [secret]),
      Attribute("1.2.840.113556.1.4.90", ["hunter2"]),
    ]
    let texts = [
      LDIF.change(.add("cn=a", attributes)), LDIF.entry(Entry("cn=a", attributes)),
      LDIF.change(
        .modify("cn=a", [.init(.replace, "userpassword", [secret]), .init(.delete, "unicodePwd", [secret])])),
      LDIF.change(.add("cn=a", [Attribute("pin", [secret])]), secrets: ["PIN"]),
    ]
    for text in texts {
      #expect(!text.contains("hunter2"))
      #expect(text.contains(": ***\n"))
    }
    #expect(
      LDIF.change(.add("cn=a", [Attribute("userPassword", ["x"])]), secrets: []).contains("userPassword: x\n")
    )
  }

  /// Text in a comment stays in the comment, whatever line breaks it has.
  @Test(
    arguments: [
      ("plain", "# plain\n"), ("", "#\n"), ("two\nlines", "# two\n# lines\n"),
      ("x\ndn: cn=evil\nchangetype: delete", "# x\n# dn: cn=evil\n# changetype: delete\n"),
      ("x\r\n y", "# x\n#  y\n"), ("x\ry", "# x\\0dy\n"), ("x\n\ny", "# x\n#\n# y\n"),
      ("\u{1B}[2J", "# \\1b[2J\n"),
      ("\u{9B}2J", "# \\c2\\9b2J\n"), ("ümläüt", "# ümläüt\n"),
    ] as [(String, String)])
  func comment(_ text: String, _ expected: String) throws {
    #expect(LDIF.comment(text) == expected)
    #expect(
      try LDIF.parse(LDIF.comment(text) + "\n" + LDIF.change(.delete("dc=x"))) == [.change(.delete("dc=x"))])
  }

  @Test(arguments: awkwardTexts)
  func nothingBreaksOut(_ text: String) throws {
    let entry = Entry(
      DistinguishedName([.init("cn", AttributeValue(text))]), [Attribute("cn", [AttributeValue(text)])])
    #expect(try LDIF.parse(LDIF.comment(text) + LDIF.entry(entry)) == [.entry(entry)])
    #expect(LDIF.entry(entry).utf8.allSatisfy { 0x20..<0x7F ~= $0 || $0 == 0x0A })
  }

  @Test(arguments: 0..<64)
  func printThenParseIsIdentity(seed: UInt64) throws {
    var random = RandomModel(seed: seed)
    var text = LDIF.header
    var expected: [LDIF.Record] = []
    for _ in 0..<20 {
      text += LDIF.comment(random.pick(awkwardTexts))
      if random.chance(50) {
        let entry = Entry(random.name(), random.attributes())
        text += LDIF.entry(entry, secrets: [])
        expected.append(.entry(entry))
      } else {
        let operation = random.operation(on: random.name())
        text += LDIF.change(operation, secrets: [])
        expected.append(.change(operation))
      }
    }
    #expect(try LDIF.parse(text) == expected)
    #expect(try LDIF.parse(text.replacing("\n", with: "\r\n")) == expected)
  }

  @Test func readsWhatOthersWrite() throws {
    let text = """
      version: 1
      # a comment
       that goes on
      dn:cn=Babs,dc=exa
       mple
      objectclass:top
      objectClass:   person
      cn::   QmFicw==
      description: a
        b


      dn: cn=x
      changetype: modify
      add: cn
      CN: y
      -
      """
    #expect(
      try LDIF.parse(text) == [
        .entry(
          Entry(
            "cn=Babs,dc=example",
            [
              Attribute("objectclass", ["top", "person"]), Attribute("cn", ["Babs"]),
              Attribute("description", ["a b"]),
            ])),
        .change(.modify("cn=x", [Modification(.add, "cn", ["y"])])),
      ])
  }

  @Test(arguments: refusesTable)
  func refuses(_ text: String, _ line: Int, _ reason: String) {
    let error = #expect(throws: InvalidLDIF.self) { try LDIF.parse(text) }
    #expect(error?.line == line)
    #expect(error?.reason.contains(reason) == true, "\(error?.reason ?? "none")")
  }

  /// RFC 4648 section 10; `\0` makes the values need it.
  @Test(arguments: [
    ("\0", "AA=="), ("\0f", "AGY="), ("\0fo", "AGZv"), ("\0foo", "AGZvbw=="),
    ("\u{FF}\u{FE}\u{3FF}", "w7/Dvs+/"),
  ])
  func base64(_ value: String, _ expected: String) throws {
    let entry = Entry("dc=x", [Attribute("cn", [AttributeValue(value)])])
    #expect(LDIF.entry(entry) == "dn: dc=x\ncn:: \(expected)\n\n")
    #expect(try LDIF.parse(LDIF.entry(entry)) == [.entry(entry)])
  }

  @Test(arguments: ["Q", "QQ", "QQ=", "Q===", "====", "Q=Q=", "QQ==QQ==", "QR==", "QUJ=", "Q-==", "QQ== "])
  func refusesBase64(_ text: String) {
    let error = #expect(throws: InvalidLDIF.self) { try LDIF.parse("dn: dc=x\ncn:: \(text)") }
    #expect(error?.line == 2 && error?.reason == "the value is no base64")
  }

  @Test func nothingIsNoRecord() throws {
    #expect(try LDIF.parse("") == [])
    #expect(try LDIF.parse("\n\n# only a comment\n\n") == [])
  }
}

private let refusesTable: [(String, Int, String)] = [
  ("version: 2\n\ndn: cn=a\n", 1, "version 1"), (" x", 1, "no line to continue"),
  ("dn: cn=a\n\n x", 3, "no line to continue"),
  ("cn: a", 1, "dn: is expected"), ("dn: nonsense", 1, "not a distinguished name"), ("dn:: *", 1, "no base64"),
  ("dn: cn=a\ncn", 2, "a colon"), ("dn: cn=a\ncn:< file:///etc/passwd", 2, "from files"),
  ("dn: cn=a\ncontrol: 1.2.3\nchangetype: delete", 2, "controls"),
  ("dn: cn=a\nchangetype: x", 2, "not known"),
  ("dn: cn=a\nchangetype: delete\ncn: a", 3, "has ended"),
  ("dn: cn=a\nchangetype: modify\ncn: a\n-", 3, "add, delete or"),
  ("dn: cn=a\nchangetype: modify\nadd: cn\nsn: a\n-", 4, "a value of cn"),
  ("dn: cn=a\nchangetype: modify\nadd: cn\ncn: a", 4, "- is missing"),
  ("dn: cn=a\nchangetype: modify\nadd: cn", 3, "- is missing"),
  ("dn: cn=a\nchangetype: modrdn\nnewrdn: cn=b", 3, "deleteoldrdn: is expected"),
  ("dn: cn=a\nchangetype: modrdn\nnewrdn: cn=b,dc=c\ndeleteoldrdn: 1", 3, "one relative name"),
  ("dn: cn=a\nchangetype: modrdn\nnewrdn:\ndeleteoldrdn: 1", 3, "one relative name"),
  ("dn: cn=a\nchangetype: modrdn\nnewrdn: cn=b\ndeleteoldrdn: yes", 4, "0 or 1"),
  ("dn: cn=a\n-", 2, "an attribute is expected"),
]
