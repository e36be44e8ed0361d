/*
 * dropExports FILE: empties the table of symbols that an ELF program exports, in place. The file keeps its length and
 * everything its place; what is left of the table is zeros, which take no room in a compressed image.
 *
 * Debian links rclone so that it exports every function that it has, 150,000 of them, ten of its 57 megabytes, and
 * nobody looks one up: it loads no plug-ins. What it takes from the C library stays as it is.
 */
#define _GNU_SOURCE
#include <elf.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static char *base;
static char *strings;
static size_t strings_size;
static char *keep;

static void fail(const char *what)
{
    fprintf(stderr, "dropExports: %s\n", what);
    exit(1);
}

static void keep_string(size_t offset)
{
    if (offset >= strings_size)
        fail("a string out of its table");
    memset(keep + offset, 1, strlen(strings + offset) + 1);
}

static const Elf64_Shdr *section(const char *name)
{
    const Elf64_Ehdr *header = (const Elf64_Ehdr *)base;
    const Elf64_Shdr *sections = (const Elf64_Shdr *)(base + header->e_shoff);
    const char *names = base + sections[header->e_shstrndx].sh_offset;

    for (unsigned i = 0; i < header->e_shnum; i++) {
        if (strcmp(names + sections[i].sh_name, name) == 0)
            return &sections[i];
    }
    fail("a section is missing");
    return NULL;
}

/* Names of libraries and of versions of symbols. */
static void keep_dependencies(const Elf64_Shdr *dynamic, const Elf64_Shdr *needs)
{
    for (const Elf64_Dyn *entry = (const Elf64_Dyn *)(base + dynamic->sh_offset); entry->d_tag != DT_NULL; entry++) {
        if (entry->d_tag == DT_NEEDED || entry->d_tag == DT_SONAME || entry->d_tag == DT_RPATH || entry->d_tag == DT_RUNPATH)
            keep_string(entry->d_un.d_val);
    }
    const Elf64_Verneed *need = (const Elf64_Verneed *)(base + needs->sh_offset);
    for (unsigned files = needs->sh_info; files > 0; files--) {
        keep_string(need->vn_file);
        const Elf64_Vernaux *version = (const Elf64_Vernaux *)((const char *)need + need->vn_aux);
        for (unsigned i = need->vn_cnt; i > 0; i--) {
            keep_string(version->vna_name);
            version = (const Elf64_Vernaux *)((const char *)version + version->vna_next);
        }
        need = (const Elf64_Verneed *)((const char *)need + need->vn_next);
    }
}

int main(int argc, char *argv[])
{
    struct stat status;
    int fd = argc == 2 ? open(argv[1], O_RDWR) : -1;

    if (fd < 0 || fstat(fd, &status) != 0)
        fail("usage: dropExports FILE");
    base = mmap(NULL, (size_t)status.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (base == MAP_FAILED || memcmp(base, ELFMAG "\2\1", SELFMAG + 2) != 0)
        fail("not a 64-bit little-endian ELF file");

    const Elf64_Shdr *table = section(".dynsym"), *text = section(".dynstr"), *hash = section(".gnu.hash");
    const Elf64_Half *versions = (const Elf64_Half *)(base + section(".gnu.version")->sh_offset);
    Elf64_Sym *symbols = (Elf64_Sym *)(base + table->sh_offset);
    size_t count = table->sh_size / sizeof *symbols, dropped = 0;

    strings = base + text->sh_offset;
    strings_size = text->sh_size;
    keep = calloc(strings_size, 1);
    if (keep == NULL)
        fail("no memory");
    keep_dependencies(section(".dynamic"), section(".gnu.version_r"));
    for (size_t i = 0; i < count; i++) {
        /* Undefined here, or a variable of the C library's that lies here: both have a version. */
        if (symbols[i].st_shndx == SHN_UNDEF || (versions[i] & 0x7fff) > VER_NDX_GLOBAL) {
            keep_string(symbols[i].st_name);
            if (symbols[i].st_shndx != SHN_UNDEF)
                fail("it shares variables with its libraries");
        } else {
            memset(&symbols[i], 0, sizeof symbols[i]);
            dropped++;
        }
    }
    for (size_t i = 1; i < strings_size; i++) {
        if (!keep[i])
            strings[i] = '\0';
    }
    /* One bucket with nothing in it, and a Bloom filter of one word that lets nothing pass. */
    uint32_t *words = (uint32_t *)(base + hash->sh_offset);
    memset(words, 0, hash->sh_size);
    words[0] = 1;
    words[1] = (uint32_t)count;
    words[2] = 1;
    printf("%s: dropped %zu of %zu symbols\n", argv[1], dropped, count);
    return 0;
}
