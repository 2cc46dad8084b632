package dev.handover.coordination;

import java.util.Arrays;

/**
 * A record as it was read. Two are equal if version and content are.
 *
 * @param content the bytes; not copied, nobody may change them
 * @param version a compare-and-set names it; the first of a name is 0
 */
public record VersionedRecord(byte[] content, int version) {
    @Override
    public boolean equals(Object other) {
        return other instanceof VersionedRecord that && version == that.version && Arrays.equals(content, that.content);
    }

    @Override
    public int hashCode() {
        return 31 * version + Arrays.hashCode(content);
    }

    @Override
    public String toString() {
        return "version " + version + " of " + content.length + " bytes";
    }
}
