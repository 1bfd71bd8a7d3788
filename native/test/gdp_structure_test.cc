// Caps and event text: what GStreamer 1.22 makes of each text is what we make of it, but where noted.
#include <doctest/doctest.h>

#include <limits>
#include <string>

#include "core/gdp/structure_text.h"

using namespace flumen::gdp;

namespace {

struct Case {
  const char* text;
  const char* printed;
};

std::string caps_again(const std::string& text) {
  Caps caps;
  TextError error;
  if (!parse_caps(text, &caps, &error)) return "error at " + std::to_string(error.at) + ": " + error.what;
  return print_caps(caps);
}

std::string structure_again(const std::string& text) {
  Structure structure;
  TextError error;
  if (!parse_structure(text, &structure, &error)) {
    return "error at " + std::to_string(error.at) + ": " + error.what;
  }
  return print_structure(structure);
}

bool fixed(const std::string& text) {
  Caps caps;
  TextError error;
  REQUIRE(parse_caps(text, &caps, &error));
  return caps.is_fixed();
}

std::string repeat(const std::string& piece, size_t times) {
  std::string out;
  for (size_t i = 0; i < times; ++i) out += piece;
  return out;
}

// All of these were put to the real Gst.Caps.from_string().to_string().
constexpr Case kCaps[] = {
    {"a/b", "a/b"},
    {"a", "a"},
    {"a/b, x=1", "a/b, x=(int)1"},
    {"a/b,x=1;", "a/b, x=(int)1"},
    {"a/b,x=1,", "a/b, x=(int)1"},
    {"a/b, x = ( int ) 5", "a/b, x=(int)5"},
    {"a/b\n,x=1", "a/b, x=(int)1"},
    {"\"a/b\",x=1", "a/b, x=(int)1"},
    {"a/b,x=1,y=3,x=2", "a/b, x=(int)2, y=(int)3"},
    {"a/b ; c/d", "a/b; c/d"},
    {"ANY", "ANY"},
    {"EMPTY", "EMPTY"},
    {"NONE", "EMPTY"},
    {"", "EMPTY"},
    {"a/b(memory:GLMemory),x=1", "a/b(memory:GLMemory), x=(int)1"},
    {"a/b(memory:SystemMemory),x=1", "a/b, x=(int)1"},
    {"a/b(meta:A,meta:B)", "a/b(meta:A, meta:B)"},
    // numbers
    {"a/b, x=1.5", "a/b, x=(double)1.5"},
    {"a/b, x=.5", "a/b, x=(double)0.5"},
    {"a/b, x=1e3", "a/b, x=(double)1000"},
    {"a/b, x=+5", "a/b, x=(int)5"},
    {"a/b, x=0x10", "a/b, x=(int)16"},
    {"a/b, x=010", "a/b, x=(int)8"},
    {"a/b, x=12345678901", "a/b, x=(double)12345678901"},
    {"a/b, x=(int)-2147483648", "a/b, x=(int)-2147483648"},
    {"a/b, x=(int)4294967295", "a/b, x=(int)-1"},
    {"a/b, x=(int)max", "a/b, x=(int)2147483647"},
    {"a/b, x=(uint)-1", "a/b, x=(uint)4294967295"},
    {"a/b, x=(guint64)-1", "a/b, x=(guint64)18446744073709551615"},
    {"a/b, x=(gint64)-9223372036854775808", "a/b, x=(gint64)-9223372036854775808"},
    {"a/b, x=(guchar)3, y=(glong)3, z=(gulong)3", "a/b, x=(guchar)3, y=(glong)3, z=(gulong)3"},
    {"a/b, x=(float)0.1", "a/b, x=(float)0.10000000149011612"},
    {"a/b, x=(double)0.1", "a/b, x=(double)0.10000000000000001"},
    {"a/b, x=(double)1e300", "a/b, x=(double)1.0000000000000001e+300"},
    {"a/b, x=(double)inf", "a/b, x=(double)inf"},
    {"a/b, x=1/2", "a/b, x=(fraction)1/2"},
    {"a/b, x=(fraction)4/2", "a/b, x=(fraction)2/1"},
    {"a/b, x=(fraction)4", "a/b, x=(fraction)4/1"},
    {"a/b, x=(fraction)1/-2", "a/b, x=(fraction)-1/2"},
    {"a/b, x=(bitmask)3", "a/b, x=(bitmask)0x0000000000000003"},
    {"a/b, x=(bitmask)0xAB", "a/b, x=(bitmask)0x00000000000000ab"},
    {"a/b, x=1:3", "a/b, x=(flagset)1:3"},
    {"a/b, x=(flagset)FFFFFFFF:1", "a/b, x=(flagset)1:1"},
    // short names and GTypes
    {"a/b, x=(i)5, y=(u)5, z=(gint)5", "a/b, x=(int)5, y=(uint)5, z=(int)5"},
    {"a/b, x=(b)true, y=(s)x, z=(gchararray)x", "a/b, x=(boolean)true, y=(string)x, z=(string)x"},
    {"a/b, x=(GstFraction)1/2", "a/b, x=(fraction)1/2"},
    // booleans
    {"a/b, x=true, y=yes, z=T", "a/b, x=(boolean)true, y=(boolean)true, z=(boolean)true"},
    {"a/b, x=(boolean)f, y=(boolean)1", "a/b, x=(boolean)false, y=(boolean)true"},
    // strings
    {"a/b, x=abc", "a/b, x=(string)abc"},
    {"a/b, x=(string)5", "a/b, x=(string)5"},
    {"a/b, x=(string)\"a b\"", "a/b, x=(string)\"a\\ b\""},
    {"a/b, x=\"a\\tb\"", "a/b, x=(string)atb"},
    {"a/b, x=\"é\"", "a/b, x=(string)\"\\303\\251\""},
    {"a/b, x=(string)NULL", "a/b, x=(string)NULL"},
    {"a/b, x=(string)\"NULL\"", "a/b, x=(string)\"NULL\""},
    {"a/b, x=(string)\"\"", "a/b, x=(string)\"\""},
    {"a/b, x=(string)\"\\a\\101\"", "a/b, x=(string)aA"},
    {"a/b, x=(string)\"\\400\"", "a/b, x=(string)400"},
    // other types
    {"a/b, x=(buffer)00FF", "a/b, x=(buffer)00ff"},
    {"a/b, x=(date)2020-01-02", "a/b, x=(date)2020-01-02"},
    {"a/b, x=(datetime)2020-01-02T03:04Z", "a/b, x=(datetime)2020-01-02T03:04Z"},
    {"a/b, x=(GstFormat)time", "a/b, x=(GstFormat)time"},
    // arrays, lists, ranges
    {"a/b, x=<1,2,3>", "a/b, x=(int)< 1, 2, 3 >"},
    {"a/b, x={1}", "a/b, x=(int){ 1 }"},
    {"a/b, x={}", "a/b, x=(int){  }"},
    {"a/b, x=<(string)a,(string)\"b c\">", "a/b, x=(string)< a, \"b\\ c\" >"},
    {"a/b, x=<(buffer)00, (buffer)01>", "a/b, x=(buffer)< 00, 01 >"},
    {"a/b, x=<<1,2>,<3,4>>", "a/b, x=(int)< < (int)1, (int)2 >, < (int)3, (int)4 > >"},
    {"a/b, x=(int){1,[3,5]}", "a/b, x=(int){ 1, [ 3, 5 ] }"},
    {"a/b, x=(int)[1,10]", "a/b, x=(int)[ 1, 10 ]"},
    {"a/b, x=(int)[1,10,1]", "a/b, x=(int)[ 1, 10 ]"},
    {"a/b, x=(int)[2,10,2]", "a/b, x=(int)[ 2, 10, 2 ]"},
    {"a/b, x=(gint64)[0,9,3]", "a/b, x=(gint64)[ 0, 9, 3 ]"},
    {"a/b, x=(int)[1,max]", "a/b, x=(int)[ 1, 2147483647 ]"},
    {"a/b, x=[1.0,2.0]", "a/b, x=(double)[ 1, 2 ]"},
    {"a/b, x=[0/1,max]", "a/b, x=(fraction)[ 0/1, 2147483647/1 ]"},
    // nested
    {"a/b, x=(structure)\"foo\\,\\ a\\=\\(int\\)1\\;\"", "a/b, x=(structure)[foo, a=(int)1;]"},
    {"a/b, x=[foo,a=(int)1]", "a/b, x=(structure)[foo, a=(int)1;]"},
    {"a/b, x=(GstCaps)\"video/x-raw\\,\\ w\\=1\"", "a/b, x=(GstCaps)[video/x-raw, w=(int)1]"},
    {"a/b, x=(GstCaps)\"ANY\"", "a/b, x=(GstCaps)[ANY]"},
    {"a/b, x=(structure)\"f\\,\\ a\\=\\(string\\)\\\"\\\\[x\\\\]\\\"\\;\"",
     "a/b, x=(structure)[f, a=(string)\"\\[x\\]\";]"},
    {"a/b, x=(GstCaps)[video/x-raw,w=1]", "a/b, x=(GstCaps)[video/x-raw, w=(int)1]"},
    {"a/b, t=(taglist)\"taglist, title=x;\"", "a/b, t=(taglist)\"taglist\\,\\ title\\=\\(string\\)x\\;\""},
};

constexpr Case kStructures[] = {
    {"foo", "foo;"},
    {"foo, a=(int)1; trailing", "foo, a=(int)1;"},
    {"foo-bar_x.y:z+w/q, a+b/c:d.e=1", "foo-bar_x.y:z+w/q, a+b/c:d.e=(int)1;"},
    {"foo, x=(structure)\"a, y=(structure)\\\"b\\\\,\\\\ z\\\\=\\\\(int\\\\)1\\\\;\\\";\";",
     "foo, x=(structure)\"a\\,\\ y\\=\\(structure\\)\\\"b\\\\\\,\\\\\\ "
     "z\\\\\\=\\\\\\(int\\\\\\)1\\\\\\;\\\"\\;\";"},
    {"foo, f=(GstSegmentFlags)GST_SEGMENT_FLAG_RESET+GST_SEGMENT_FLAG_TRICKMODE",
     "foo, f=(GstSegmentFlags)GST_SEGMENT_FLAG_RESET+GST_SEGMENT_FLAG_TRICKMODE;"},
    {"foo, s=(string)a;b=5", "foo, s=(string)a;"},
    {"foo, x=(GstCaps)\"ANY\"", "foo, x=(GstCaps)ANY;"},
    {"foo, x=(GstToc)NULL, y=(GstStream)\"\\(GstStream\\)\\ s1\"",
     "foo, x=(GstToc)NULL, y=(GstStream)\"\\(GstStream\\)\\ s1\";"},
};

}  // namespace

TEST_CASE("gdp text: caps as GStreamer reads and writes them") {
  for (const Case& c : kCaps) {
    CAPTURE(c.text);
    CHECK(caps_again(c.text) == c.printed);
    CHECK(caps_again(c.printed) == c.printed);
  }
}

TEST_CASE("gdp text: structures as GStreamer reads and writes them") {
  for (const Case& c : kStructures) {
    CAPTURE(c.text);
    CHECK(structure_again(c.text) == c.printed);
    CHECK(structure_again(c.printed) == c.printed);
  }
}

TEST_CASE("gdp text: items of several types keep theirs, which GStreamer loses") {
  CHECK(caps_again("a/b, x=<1,b,2.5>") == "a/b, x=< (int)1, (string)b, (double)2.5 >");
  CHECK(caps_again("a/b, x=< (int)1, (string)b, (double)2.5 >") ==
        "a/b, x=< (int)1, (string)b, (double)2.5 >");
  CHECK(caps_again("a/b, x={ [1,2], 2.5 }") == "a/b, x={ (int)[ 1, 2 ], (double)2.5 }");
}

TEST_CASE("gdp text: a lone bracket in a nested string is put into quotes, where GStreamer can read it") {
  const std::string text = R"text(a/b, x=(structure)"f\,\ a\=\(string\)\"\\\]\"\;")text";
  CHECK(caps_again(text) == text);
}

TEST_CASE("gdp text: a segment's text stands in plain quotes, escaped or not") {
  const std::string plain =
      "foo, s=(GstSegment)\"segment, flags=(GstSegmentFlags)GST_SEGMENT_FLAG_NONE, rate=(double)1;\";";
  CHECK(structure_again(plain) == plain);
  CHECK(structure_again(
            "foo, s=(GstSegment)\"segment\\,\\ flags\\=\\(GstSegmentFlags\\)GST_SEGMENT_FLAG_NONE\\,\\ "
            "rate\\=\\(double\\)1\\;\"") == plain);
}

TEST_CASE("gdp text: an inner text that is escaped twice") {
  const std::string tags =
      "GstTagList-stream, taglist=(taglist)\"taglist\\,\\ title\\=\\(string\\)\\{\\ A\\,\\ \\\"b\\\\\\ "
      "c\\\"\\ \\}\\,\\ date\\=\\(date\\)2020-01-02\\,\\ name\\=\\(string\\)\\\"\\\\303\\\\257\\\"\\;\";";
  Structure structure;
  TextError error;
  REQUIRE(parse_structure(tags, &structure, &error));
  CHECK(print_structure(structure) == tags);
  const Value* list = structure.find("taglist", ValueType::kTagList);
  REQUIRE(list != nullptr);
  const Structure& inner = list->contents.front();
  REQUIRE(inner.find("title", ValueType::kList) != nullptr);
  CHECK(inner.find("title")->items.at(1).text == "b c");
  CHECK(inner.find("name")->text == "\303\257");
}

TEST_CASE("gdp text: fixed caps have one structure and no choice") {
  for (const char* text : {"a/b", "a/b, x=<1,2>", "a/b, x=(structure)[foo, a=(int)1]", "a/b(memory:X)",
                           "a/b, x=(flagset)1:ffffffff"}) {
    CAPTURE(text);
    CHECK(fixed(text));
  }
  for (const char* text : {"ANY", "EMPTY", "", "a/b; c/d", "a/b(ANY)", "a/b, x=[1,2]", "a/b, x={1,2}",
                           "a/b, x=<1,[2,3]>", "a/b, x=1:3", "a/b, x=(structure)[foo, a={1}]"}) {
    CAPTURE(text);
    CHECK_FALSE(fixed(text));
  }
}

TEST_CASE("gdp text: what is wrong is named, at its place") {
  constexpr Case kWrong[] = {
      {"1a/b", "error at 0: a structure cannot have this name"},
      {"!!!", "error at 0: expected the name of a structure"},
      {"a b", "error at 2: expected \",\" or \";\""},
      {"a/b x=1", "error at 4: expected \",\" or \";\""},
      {"a/b,,x=1", "error at 4: expected the name of a field"},
      {"a/b, =5", "error at 5: expected the name of a field"},
      {"a/b, x", "error at 6: expected \"=\" behind the name of a field"},
      {"a/b, x=", "error at 7: expected a value"},
      {"a/b, x=(int)", "error at 12: expected a value"},
      {"a/b, x=(string)", "error at 15: expected a value"},
      {"a/b, x=é", "error at 7: expected a value"},
      {"a/b, x=(int 5", "error at 12: expected \")\" behind a type"},
      {"a/b, x=(nosuch)1", "error at 8: there is no type \"nosuch\""},
      {"a/b, x=((int)5)", "error at 8: there is no type \"\""},
      {"a/b, x=\"abc", "error at 7: a quote is not closed"},
      {"a/b, x=\"abc\\", "error at 7: a quote is not closed"},
      {"a/b, x=\"x\"y", "error at 10: expected \",\" or \";\""},
      {"a/b, x=(int)\"5\"", "error at 12: only text stands in quotes"},
      {"a/b, x=(int)5y", "error at 12: \"5y\" is not a valid int"},
      {"a/b, x=(int)4294967296", "error at 12: \"4294967296\" is not a valid int"},
      {"a/b, x=(uint)4294967296", "error at 13: \"4294967296\" is not a valid uint"},
      {"a/b, x=(guint64)18446744073709551616",
       "error at 16: \"18446744073709551616\" is not a valid guint64"},
      {"a/b, x=(fraction)1/0", "error at 17: \"1/0\" is not a valid fraction"},
      {"a/b, x=(double)5abc", "error at 15: \"5abc\" is not a valid double"},
      {"a/b, x=(boolean)maybe", "error at 16: \"maybe\" is not a valid boolean"},
      {"a/b, x=(buffer)00f", "error at 15: a buffer is not written in pairs of hexadecimal digits"},
      {"a/b, x=(buffer)0x", "error at 15: a buffer is not written in pairs of hexadecimal digits"},
      {"a/b, x=(buffer)", "error at 15: a buffer is empty"},
      {"a/b, x=[1,2", "error at 11: expected \",\" or \"]\" in a range"},
      {"a/b, x=[1]", "error at 7: a range must have two ends"},
      {"a/b, x=[5,1]", "error at 7: a range must end above its start"},
      {"a/b, x=[1,2.5]", "error at 10: \"2.5\" is not a valid int"},
      {"a/b, x=[1,10,4]", "error at 7: the ends of a range must be multiples of its step"},
      {"a/b, x=(uint)[1,10]", "error at 13: a range must be of int, gint64, double or fraction"},
      {"a/b, x={1,2", "error at 11: expected \",\" or \"}\""},
      {"a/b, x=<1;2>", "error at 9: expected \",\" or \">\""},
      {"a/b(", "error at 4: expected the name of a feature"},
      {"a/b(memory:X x", "error at 13: expected \",\" or \")\" behind a feature"},
      {"a/b, x=(structure)\"foo\\,\\ a\\=\"", "error at 18: expected a value (byte 7 of the text in quotes)"},
  };
  for (const Case& c : kWrong) {
    CAPTURE(c.text);
    CHECK(caps_again(c.text) == c.printed);
  }
  for (const char* name : {"ANY;", "a/b; EMPTY", "a/b, x=(GstCaps)[NONE]"}) {
    CHECK(caps_again(name).find("a structure of caps cannot have this name") != std::string::npos);
  }
  CHECK(caps_again(std::string("a/b\0", 4)) == "error at 3: expected \",\" or \";\"");
  CHECK(structure_again("foo(a), x=1") == "error at 3: expected \",\" or \";\"");
}

TEST_CASE("gdp text: depth, values and fields are bounded") {
  CHECK(caps_again("a/b, x=" + repeat("<", 16) + "1" + repeat(">", 16)).starts_with("a/b"));
  CHECK(caps_again("a/b, x=" + repeat("<", 17) + "1" + repeat(">", 17)).find("too deep") !=
        std::string::npos);
  CHECK(caps_again("a/b, x=" + repeat("<", 100'000)).find("too deep") != std::string::npos);
  CHECK(caps_again("a/b, x=" + repeat("[a,b=", 4) + "1" + repeat("]", 4)).starts_with("a/b"));
  CHECK(caps_again("a/b, x=" + repeat("[a,b=", 100'000)).find("too deep") != std::string::npos);
  CHECK(caps_again("a/b, x=<" + repeat("1,", 65'533) + "1>").starts_with("a/b"));
  CHECK(caps_again("a/b, x=<" + repeat("1,", 65'534) + "1>").find("too many values") != std::string::npos);
  std::string fields = "a/b";
  for (int i = 0; i < 1025; ++i) fields += ", f" + std::to_string(i) + "=1";
  CHECK(caps_again(fields).find("too many fields") != std::string::npos);
  CHECK(caps_again(repeat("a;", 65'537)).find("too many values") != std::string::npos);
  CHECK(caps_again("a(" + repeat("b,", 65'536)).find("too many values") != std::string::npos);
  Structure innermost;
  innermost.name = "x";
  for (int i = 0; i < 5; ++i) {
    Structure outer;
    outer.name = "x";
    outer.set("y", make_nested(ValueType::kTagList, std::move(innermost)));
    innermost = std::move(outer);
  }
  CHECK(structure_again(print_structure(innermost)).find("too deep") != std::string::npos);
}

TEST_CASE("gdp text: values made by hand") {
  Structure structure;
  structure.name = "foo";
  structure.set("i", make_int(-5));
  structure.set("u", make_uint(5));
  structure.set("t", make_uint64(~uint64_t{0}));
  structure.set("d", make_double(0.25));
  structure.set("b", make_boolean(true));
  structure.set("s", make_string("x \"y\", z"));
  structure.set("h", make_buffer(std::string("\0\xff,", 3)));
  structure.set("f", make_named("GstFormat", "time"));
  structure.set("i", make_int64(std::numeric_limits<int64_t>::min()));
  structure.remove("u");
  const std::string text =
      "foo, i=(gint64)-9223372036854775808, t=(guint64)18446744073709551615, d=(double)0.25, "
      "b=(boolean)true, s=(string)\"x\\ \\\"y\\\"\\,\\ z\", h=(buffer)00ff2c, f=(GstFormat)time;";
  CHECK(print_structure(structure) == text);
  CHECK(structure_again(text) == text);
  CHECK(structure.find("nothing") == nullptr);
  CHECK(structure.find("d", ValueType::kInt) == nullptr);
}

TEST_CASE("gdp text: single values") {
  Value value;
  TextError error;
  REQUIRE(parse_value(" (fraction)30000/1001 ", &value, &error));
  CHECK(value.type == ValueType::kFraction);
  CHECK(value.number == 30000);
  CHECK(value.second == 1001);
  Value other;
  CHECK_FALSE(parse_value("5 6", &other, &error));
  CHECK(error.at == 2);
}
