package dev.handover.election.zookeeper;

import java.util.UUID;

/**
 * What a replica's own znode holds: the boot counter recorded last, the one before, and who recorded it, so that an attempt whose answer was lost
 * is not mistaken for a rolled back volume.
 */
record BootRecord(long bootCounter, long previous, UUID recorder) {
    private static final int FORMAT = 1;

    byte[] encode() {
        return Content.ofFormat(FORMAT)
                .with("bootCounter", bootCounter)
                .with("previous", previous)
                .with("recorder", recorder)
                .encode();
    }

    static BootRecord decode(byte[] bytes) throws MalformedContentException {
        Content content = Content.decode(bytes, FORMAT);
        BootRecord bootRecord = new BootRecord(
                content.takeLong("bootCounter"), content.takeLong("previous"), content.takeUuid("recorder"));
        content.expectNoMore();
        return bootRecord;
    }
}
