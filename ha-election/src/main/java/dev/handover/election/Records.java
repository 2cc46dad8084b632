package dev.handover.election;

import dev.handover.election.zookeeper.Content;
import dev.handover.election.zookeeper.MalformedContentException;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.UUID;

/** What the znodes of an election hold, as text that a person can read. */
final class Records {
    private static final int FORMAT = 1;

    private Records() {}

    /**
     * The content of the ephemeral znode whose existence is the leadership.
     *
     * @param address host and port that followers watch; empty if the leader is not to be watched
     */
    record LeaderNode(long epoch, String name, UUID instance, String address) {}

    static byte[] encode(LastChange change) {
        String next = change.next();
        return Content.ofFormat(FORMAT)
                .with("epoch", change.epoch())
                .with("leader", change.leader())
                .with("instance", change.instance())
                .with("zone", change.zone())
                .with("at", change.at())
                .with("reason", change.reason())
                .with("next", next == null ? "" : next)
                .encode();
    }

    static LastChange lastChange(byte[] data) throws MalformedContentException {
        Content content = Content.decode(data, FORMAT);
        String next = content.take("next");
        LastChange change = new LastChange(
                content.takeLong("epoch"),
                content.take("leader"),
                content.takeUuid("instance"),
                content.take("zone"),
                instant("at", content.take("at")),
                content.take("reason"),
                next.isEmpty() ? null : next);
        content.expectNoMore();
        return change;
    }

    static byte[] encode(LeaderNode leader) {
        return Content.ofFormat(FORMAT)
                .with("epoch", leader.epoch())
                .with("leader", leader.name())
                .with("instance", leader.instance())
                .with("address", leader.address())
                .encode();
    }

    static LeaderNode leader(byte[] data) throws MalformedContentException {
        Content content = Content.decode(data, FORMAT);
        LeaderNode leader = new LeaderNode(
                content.takeLong("epoch"),
                content.take("leader"),
                content.takeUuid("instance"),
                content.take("address"));
        content.expectNoMore();
        return leader;
    }

    static byte[] encode(Candidate candidate) {
        return Content.ofFormat(FORMAT)
                .with("candidate", candidate.name())
                .with("instance", candidate.instance())
                .with("priority", candidate.priority())
                .with("zone", candidate.zone())
                .encode();
    }

    static Candidate candidate(byte[] data, long since) throws MalformedContentException {
        Content content = Content.decode(data, FORMAT);
        Candidate candidate = new Candidate(
                content.take("candidate"),
                content.takeUuid("instance"),
                content.takeInt("priority"),
                content.take("zone"),
                since);
        content.expectNoMore();
        return candidate;
    }

    static byte[] encode(Pause pause) {
        return Content.ofFormat(FORMAT)
                .with("owner", pause.owner())
                .with("reason", pause.reason())
                .with("expiry", pause.expiry())
                .encode();
    }

    static Pause pause(byte[] data) throws MalformedContentException {
        Content content = Content.decode(data, FORMAT);
        Pause pause =
                new Pause(content.take("owner"), content.take("reason"), instant("expiry", content.take("expiry")));
        content.expectNoMore();
        return pause;
    }

    private static Instant instant(String key, String value) throws MalformedContentException {
        try {
            return Instant.parse(value);
        } catch (DateTimeParseException e) {
            throw new MalformedContentException(key + " '" + value + "' is not a time such as 2026-01-31T12:00:00Z");
        }
    }
}
