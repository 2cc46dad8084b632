package dev.handover.jmh.cluster;

import java.util.List;

/** All that can be measured. */
final class Contenders {
    static final List<String> PEERS = List.of("handover", "aeron", "sofajraft", "jgroups-raft", "ratis");

    private static final List<Contender> ALL = List.of(
            new HandoverContender(),
            new HandoverContender(true),
            new AeronContender(),
            new JRaftContender(),
            new JGroupsContender(),
            new RatisContender(),
            new LatchContender());

    private Contenders() {}

    static Contender named(String name) {
        return ALL.stream()
                .filter(contender -> contender.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("system '" + name + "' is unknown; take one of "
                        + ALL.stream().map(Contender::name).toList()));
    }
}
