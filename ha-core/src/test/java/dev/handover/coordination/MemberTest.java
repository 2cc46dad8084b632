package dev.handover.coordination;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.handover.NodeId;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MemberTest {
    private static Member member(Map<String, String> attributes) {
        return new Member(NodeId.of("a"), "host", 1, 1, 1, Map.of(), attributes);
    }

    @Test
    void shouldKeepItsOwnSortedCopyOfTheAttributes() {
        Map<String, String> given = new HashMap<>(Map.of("zone", "north", "colour", "blue"));
        Member member = member(given);
        given.clear();
        assertThat(member.attributes().keySet()).containsExactly("colour", "zone");
        assertThatThrownBy(() -> member.attributes().put("weight", "1"))
                .isInstanceOf(UnsupportedOperationException.class);
        assertThat(new Member(NodeId.of("a"), "host", 1, 1, 1, Map.of()).attributes())
                .isEmpty();
    }

    @Test
    void shouldTakeAsManyAndAsLongAttributesAsItSays() {
        Map<String, String> most = new HashMap<>();
        for (int i = 0; i < MemberAttributes.MAX_ENTRIES; i++) {
            String number = String.valueOf(100 + i);
            most.put("n".repeat(MemberAttributes.MAX_NAME - 3) + number, "ü".repeat(MemberAttributes.MAX_VALUE));
        }
        assertThat(member(most).attributes()).hasSize(MemberAttributes.MAX_ENTRIES);
        most.put("one-more", "");
        assertThatExceptionOfType(IllegalArgumentException.class)
                .isThrownBy(() -> member(most))
                .withMessageContaining("33 attributes are more than 32");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "-zone", "a zone", "zone=", "zoné", "."})
    void shouldNameTheAttributeNameThatItRefuses(String name) {
        assertThatExceptionOfType(IllegalArgumentException.class)
                .isThrownBy(() -> member(Map.of(name, "x")))
                .withMessageContaining("attribute name '" + name + "'");
    }

    @Test
    void shouldNameTheAttributeWhoseValueItRefuses() {
        assertThatExceptionOfType(IllegalArgumentException.class)
                .isThrownBy(() -> member(Map.of("zone", "x".repeat(257))))
                .withMessageContaining("attribute zone has a value of 257 characters");
        assertThatExceptionOfType(IllegalArgumentException.class)
                .isThrownBy(() -> member(Map.of("zone", "a\nb")))
                .withMessageContaining("attribute zone has a control character at 1");
    }
}
