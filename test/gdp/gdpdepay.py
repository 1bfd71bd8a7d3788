#!/usr/bin/python3
"""What the real gdpdepay makes of GDP streams: a line of JSON for each thing it puts out.

Each stream comes on standard input as its length, a newline and its bytes, and has an element of its own. Its last line
has the kind "end"; a line of the kind "error" came before when the element posted an error, or the stream ends within a packet.
"""
import json
import sys

import gi

gi.require_version("Gst", "1.0")
from gi.repository import GLib, Gst  # noqa: E402

FLAGS = {0x10: "live", 0x40: "discont", 0x400: "header", 0x800: "gap", 0x2000: "delta"}
NONE = (1 << 64) - 1


def say(**line):
    print(json.dumps(line), flush=line["kind"] == "end")


def on_buffer(_pad, _parent, buffer):
    value = {name: getattr(buffer, name) for name in ("pts", "dts", "duration", "offset", "offset_end")}
    known = {name: number for name, number in value.items() if number != NONE}
    flags = [name for bit, name in FLAGS.items() if buffer.mini_object.flags & bit]
    data = buffer.extract_dup(0, buffer.get_size())
    say(kind="buffer", data=data.decode("latin1"), flags=flags, **known)
    return Gst.FlowReturn.OK


def on_event(_pad, _parent, event):
    name = Gst.EventType.get_name(event.type)
    if name == "caps":
        say(kind="caps", caps=event.parse_caps().to_string())
    else:
        structure = event.get_structure()
        say(kind="event", type=name, structure=structure.to_string() if structure else None)
    return True


def main():
    Gst.init(None)
    GLib.log_set_always_fatal(GLib.LogLevelFlags.LEVEL_ERROR)
    while line := sys.stdin.buffer.readline():
        what = depay(sys.stdin.buffer.read(int(line)))
        if what:
            say(kind="error", what=what)
        say(kind="end")


def depay(data):
    """What is wrong with it, or None."""
    element = Gst.ElementFactory.make("gdpdepay")
    source = Gst.Pad.new("source", Gst.PadDirection.SRC)
    # From a template: one without takes no caps but the first.
    anything = Gst.PadTemplate.new("sink", Gst.PadDirection.SINK, Gst.PadPresence.ALWAYS, Gst.Caps.new_any())
    sink = Gst.Pad.new_from_template(anything, "sink")
    sink.set_chain_function_full(on_buffer)
    sink.set_event_function_full(on_event)
    bus = Gst.Bus.new()
    element.set_bus(bus)
    for pad in (source, sink):
        pad.set_active(True)
    source.link(element.get_static_pad("sink"))
    element.get_static_pad("src").link(sink)
    element.set_state(Gst.State.PLAYING)
    source.push_event(Gst.Event.new_stream_start("bytes"))
    segment = Gst.Segment()
    segment.init(Gst.Format.BYTES)
    source.push_event(Gst.Event.new_segment(segment))
    what = None
    flow = source.push(Gst.Buffer.new_wrapped(data))
    if flow != Gst.FlowReturn.OK:
        message = bus.pop_filtered(Gst.MessageType.ERROR)
        what = message.parse_error()[0].message if message else flow.value_nick
    # Whatever is left over swallows the beginning of this one, and then it never comes out.
    mark = Gst.Structure.new_from_string("flumen-test-mark")
    seen = []
    sink.set_event_function_full(lambda _pad, _parent, event: seen.append(event.get_structure().get_name()) or True)
    source.push(Gst.Buffer.new_wrapped(packet_of(mark)))
    if not what and seen != ["flumen-test-mark"]:
        what = "the input ends within a packet"
    element.set_state(Gst.State.NULL)
    return what


def packet_of(structure):
    """A custom-downstream event without checksums."""
    text = structure.to_string().encode() + b"\0"
    kind = (64 + int(Gst.EventType.CUSTOM_DOWNSTREAM)) & 0xFFFF
    head = bytes([1, 0, 0, 0]) + kind.to_bytes(2, "big") + len(text).to_bytes(4, "big")
    return head.ljust(62, b"\0") + text


main()
