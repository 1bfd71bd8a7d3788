// What the peers in a World do: read, talk, hang up.
#include "test/world.h"

namespace flumen::test {

void World::peer_acts() {
  ModelPeer* peer = random_peer();
  if (peer == nullptr) return;
  if (peer->framing == Framing::kWebsocket && choices_.one_in(2)) {
    if (choices_.one_in(3)) rig_.io.cut(peer->fd, choices_.below(12));
    peer_talks(*peer);
    return;
  }
  switch (choices_.below(10)) {
    case 0:
      peer->appetite = 0;
      break;
    case 1:
    case 2:
      peer->appetite = choices_.one_in(2) ? kMiB : choices_.between(1, 4000);
      break;
    case 3:
      if (choices_.one_in(2)) {
        rig_.io.squeeze(peer->fd);
      } else {
        rig_.io.cut(peer->fd, choices_.below(20));
      }
      break;
    case 4:
      peer_talks(*peer);
      break;
    case 5:
      peer_ends(*peer);
      break;
    default:
      rig_.io.peer_read(peer->fd, choices_.between(1, 100'000));
  }
}

void World::peer_ends(ModelPeer& peer) {
  const uint64_t how = choices_.below(3);
  say("peer ", peer.fd, " ends, ", how);
  if (how == 0) {
    rig_.io.peer_reset(peer.fd);
  } else if (how == 1) {
    rig_.io.peer_close(peer.fd);
  } else {
    rig_.io.peer_fin(peer.fd);
  }
}

// Any cut of what it has to say.
void World::peer_talks(ModelPeer& peer) {
  if (peer.framing != Framing::kWebsocket) {
    rig_.io.peer_send(peer.fd, choices_.between(1, 100'000));
    return;
  }
  peer.talker.think(choices_);
  const std::string_view left = peer.talker.left();
  const std::string_view now = choices_.one_in(2) ? left : left.substr(0, choices_.between(1, left.size()));
  say("peer ", peer.fd, " says ", now.size(), " of ", left.size(), " bytes");
  if (rig_.io.peer_say(peer.fd, now)) peer.talker.say(now.size());
}

void World::peers_read(Nanos time) {
  const auto ms = static_cast<size_t>(time / kMillisecond) + 1;
  for (ModelPeer* peer : here_) rig_.io.peer_read(peer->fd, peer->appetite * ms);
}

}  // namespace flumen::test
